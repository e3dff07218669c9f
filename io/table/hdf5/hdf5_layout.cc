#include "io/table/hdf5/hdf5_layout.h"

#include <algorithm>
#include <numeric>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

using Handle = Hdf5Handle;
constexpr size_t kMostColumns = 100000;

/// An array, before it is known whether it is a part of the table.
struct Array {
  std::string path;
  Handle set, type;
  std::vector<hsize_t> shape;
  H5T_class_t kind = H5T_NO_CLASS;
};

Array look_at(hid_t file, const std::string& name, const std::string& path) {
  Array array{.path = name};
  array.set = Handle(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (array.set < 0) raise_hdf5(path, "'" + name + "'");
  array.type = Handle(H5Dget_type(array.set), H5Tclose);
  array.kind = array.type < 0 ? H5T_NO_CLASS : H5Tget_class(array.type);
  const Handle space(H5Dget_space(array.set), H5Sclose);
  const int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
  array.shape.resize(static_cast<size_t>(std::max(rank, 0)));
  if (rank > 0) H5Sget_simple_extent_dims(space, array.shape.data(), nullptr);
  return array;
}

std::vector<std::string> arrays_below(hid_t group, const std::string& path) {
  std::vector<std::string> found;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* out) -> herr_t {
    if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  if (H5Ovisit(group, H5_INDEX_NAME, H5_ITER_INC, visit, &found) < 0) raise_hdf5(path, "the list of its arrays");
  return found;
}

// A number, a text or a bool; nothing of anything else.
bool set_kind(hid_t type, Hdf5ColumnPlace& place, ColumnType& column) {
  column = ColumnType::kInt;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      place.kind = H5Tget_size(type) == 8 && H5Tget_sign(type) == H5T_SGN_NONE ? Hdf5Kind::kUnsigned : Hdf5Kind::kInt;
      return H5Tget_size(type) <= 8;
    case H5T_FLOAT:
      place.kind = Hdf5Kind::kReal;
      column = ColumnType::kReal;
      return true;
    case H5T_ENUM: {
      place.kind = Hdf5Kind::kInt;
      column = H5Tget_nmembers(type) == 2 ? ColumnType::kBool : ColumnType::kInt;
      int64_t value = 0;
      for (unsigned m = 0; column == ColumnType::kBool && m < 2; ++m) {
        value = 0;
        H5Tget_member_value(type, m, &value);
        if (value != 0 && value != 1) column = ColumnType::kInt;
      }
      return H5Tget_size(type) <= 8;
    }
    case H5T_STRING: {
      column = ColumnType::kText;
      place.kind = H5Tis_variable_str(type) > 0 ? Hdf5Kind::kText : Hdf5Kind::kFixedText;
      place.text_bytes = place.kind == Hdf5Kind::kText ? 0 : H5Tget_size(type);
      place.is_utf8 = H5Tget_cset(type) == H5T_CSET_UTF8;
      place.space_padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
      return true;
    }
    default: return false;
  }
}

uint64_t chunk_rows(const Array& array) {
  const Handle layout(H5Dget_create_plist(array.set), H5Pclose);
  if (layout < 0 || H5Pget_layout(layout) != H5D_CHUNKED) return 1;
  std::vector<hsize_t> chunk(array.shape.size());
  return H5Pget_chunk(layout, static_cast<int>(chunk.size()), chunk.data()) < 0 ? 1 : std::max<hsize_t>(1, chunk[0]);
}

void add_array(Hdf5TableLayout& layout, const Array& array) {
  layout.arrays.push_back(array.path);
  layout.is_compound.push_back(array.kind == H5T_COMPOUND);
  layout.ranks.push_back(array.shape.size());
  layout.rows = array.shape[0];
  layout.chunk_rows = std::max(layout.chunk_rows, chunk_rows(array));
}

void take_compound(Hdf5TableLayout& layout, const Array& array, const std::string& path,
                   std::vector<ColumnSpec>& columns) {
  add_array(layout, array);
  const int members = H5Tget_nmembers(array.type);
  for (int m = 0; m < members; ++m) {
    char* const text = H5Tget_member_name(array.type, static_cast<unsigned>(m));
    const std::string name = text == nullptr ? "" : text;
    H5free_memory(text);
    if (name.starts_with("values_block_"))
      throw Error(Code::kUsage,
                  "'" + path + "' holds a table of pandas whose columns are hidden in blocks ('" + name + "')")
          .hint("write it with to_hdf(..., format='table', data_columns=True), or with to_parquet");
    const Handle type(H5Tget_member_type(array.type, static_cast<unsigned>(m)), H5Tclose);
    Hdf5ColumnPlace place{.member = name};
    Handle element(H5Tcopy(type), H5Tclose);
    const bool is_list = H5Tget_class(type) == H5T_ARRAY;
    if (is_list) {
      place.is_list = true;
      std::vector<hsize_t> sizes(static_cast<size_t>(std::max(0, H5Tget_array_ndims(type))));
      H5Tget_array_dims2(type, sizes.data());
      place.elements = std::accumulate(sizes.begin(), sizes.end(), hsize_t{1}, std::multiplies<>());
      element = Handle(H5Tget_super(type), H5Tclose);
    }
    ColumnType column = ColumnType::kInt;
    const bool readable = set_kind(element, place, column) && place.elements >= 1 && place.elements <= kMostColumns &&
                          !(is_list && column == ColumnType::kText);
    if (!readable) {
      layout.notes.push_back("member '" + name + "' of '" + array.path + "' in '" + path +
                             "' is left out: it is no number, text or list of numbers");
      continue;
    }
    for (place.element = 0; place.element < place.elements; ++place.element) {
      columns.push_back({is_list ? name + "_" + std::to_string(place.element) : name, column});
      layout.places.push_back(place);
    }
  }
}

// Column names that an attribute says: texts, as many as there are columns.
std::vector<std::string> names_of(const Array& array) {
  std::vector<std::string> names;
  for (const char* attribute : {"columns", "column_names", "names"}) {
    if (H5Aexists(array.set, attribute) <= 0) continue;
    const Handle found(H5Aopen(array.set, attribute, H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(found), H5Tclose), space(H5Aget_space(found), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) != H5T_STRING || count != static_cast<hssize_t>(array.shape[1])) continue;
    if (H5Tis_variable_str(type) > 0) {
      std::vector<char*> texts(static_cast<size_t>(count), nullptr);
      if (H5Aread(found, type, texts.data()) < 0) continue;
      for (const char* text : texts) names.emplace_back(text == nullptr ? "" : text);
      H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
    } else {
      const size_t bytes = H5Tget_size(type);
      std::string texts(bytes * static_cast<size_t>(count), '\0');
      if (H5Aread(found, type, texts.data()) < 0) continue;
      for (size_t i = 0; i < static_cast<size_t>(count); ++i)
        names.emplace_back(texts.substr(i * bytes, bytes).c_str());
    }
    return names;
  }
  for (hsize_t c = 0; c < array.shape[1]; ++c) names.push_back("c" + std::to_string(c));
  return names;
}

bool is_number(const Array& array) {
  return array.kind == H5T_INTEGER || array.kind == H5T_FLOAT || array.kind == H5T_ENUM;
}
bool is_column(const Array& array) {
  return (array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[1] == 1)) &&
         (is_number(array) || array.kind == H5T_STRING);
}

void refuse_fixed_pandas(hid_t file, const std::string& inside, const std::string& path) {
  const std::string at = inside.empty() ? "/" : inside;
  std::vector<std::string> groups{at};
  const auto each = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  H5Literate_by_name(file, at.c_str(), H5_INDEX_NAME, H5_ITER_INC, nullptr, each, &groups, H5P_DEFAULT);
  for (size_t g = 0; g < groups.size(); ++g) {
    const std::string group = g == 0 ? at : at + "/" + groups[g];
    const Handle object(H5Oopen(file, group.c_str(), H5P_DEFAULT), H5Oclose);
    if (object < 0 || H5Aexists(object, "pandas_type") <= 0 ||
        H5Lexists(file, (group + "/block0_values").c_str(), H5P_DEFAULT) <= 0)
      continue;
    throw Error(Code::kUsage, "'" + path + "' holds a table of pandas in its \"fixed\" layout, whose names are pickled")
        .hint("write it with to_hdf(..., format='table', data_columns=True), or with to_parquet");
  }
}

std::string list_of(const std::vector<Array>& arrays) {
  std::string text;
  for (const Array& array : arrays) {
    if (text.size() > 500) return text + ", ...";
    text += (text.empty() ? "'" : ", '") + array.path + "' (";
    for (size_t d = 0; d < array.shape.size(); ++d) text += (d == 0 ? "" : ", ") + std::to_string(array.shape[d]);
    text += ")";
  }
  return text.empty() ? "no arrays" : text;
}

}  // namespace

void raise_hdf5(const std::string& path, const std::string& what) {
  throw Error(Code::kData, "cannot read " + what + " of '" + path + "': " + hdf5_message())
      .hint("the file is damaged or was cut short");
}

Hdf5TableLayout find_hdf5_layout(hid_t file, const std::string& path, const std::string& inside) {
  refuse_fixed_pandas(file, inside, path);
  std::vector<Array> arrays;
  const Handle start(H5Oopen(file, inside.empty() ? "/" : inside.c_str(), H5P_DEFAULT), H5Oclose);
  if (start < 0)
    throw Error(Code::kUsage, "'" + path + "' has nothing called '" + inside + "' in it").hint("check the name");
  const std::string before = inside.empty() ? "" : inside + "/";
  if (H5Iget_type(start) == H5I_DATASET)
    arrays.push_back(look_at(file, inside, path));
  else
    for (const std::string& name : arrays_below(start, path)) arrays.push_back(look_at(file, before + name, path));
  Hdf5TableLayout layout;
  std::vector<ColumnSpec> columns;
  const auto compound = [](const Array& array) { return array.kind == H5T_COMPOUND && array.shape.size() == 1; };
  const auto wide = [](const Array& array) {
    return is_number(array) && array.shape.size() == 2 && array.shape[1] <= kMostColumns;
  };
  if (std::ranges::count_if(arrays, compound) == 1) {
    take_compound(layout, *std::ranges::find_if(arrays, compound), path, columns);
  } else if (!arrays.empty() && std::ranges::all_of(arrays, is_column)) {
    for (const Array& array : arrays) {
      if (array.shape[0] != arrays[0].shape[0])
        throw Error(Code::kUsage, "the arrays of '" + path +
                                      "' are no columns of one table: they differ in length: " + list_of(arrays))
            .hint("name the group that holds the table: table-hdf5:" + path + ":GROUP");
      Hdf5ColumnPlace place{.array = layout.arrays.size()};
      ColumnType type = ColumnType::kInt;
      if (!set_kind(array.type, place, type)) continue;
      add_array(layout, array);
      columns.push_back({array.path.substr(before.size()), type});
      layout.places.push_back(place);
    }
  } else if (std::ranges::count_if(arrays, wide) == 1) {
    const Array& array = *std::ranges::find_if(arrays, wide);
    add_array(layout, array);
    Hdf5ColumnPlace place{.elements = array.shape[1]};
    ColumnType type = ColumnType::kInt;
    set_kind(array.type, place, type);
    for (const std::string& name : names_of(array)) {
      columns.push_back({name, type});
      layout.places.push_back(place);
      ++place.element;
    }
  }
  if (columns.empty())
    throw Error(Code::kUsage, "'" + path + "' holds no table; in it: " + list_of(arrays))
        .hint(
            "understood are arrays of one length, a compound array, or one array (rows, width) of numbers; name the "
            "array or group "
            "where there are several: table-hdf5:" +
            path + ":NAME");
  layout.schema = TableSchema(std::move(columns));
  return layout;
}

}  // namespace penstock::io
