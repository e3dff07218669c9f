#include "io/table/hdf5/hdf5_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "engine/base/error.h"
#include "io/file/file.h"
#include "io/hdf5/library.h"
#include "io/hdf5/open_hdf5.h"
#include "io/table/file_state.h"
#include "io/table/hdf5/hdf5_layout.h"
#include "io/table/sampled_sum.h"
#include "io/table/stored_rows.h"

namespace penstock::io {
namespace {

using Handle = Hdf5Handle;
constexpr uint64_t kPieceRows = 65536;
constexpr uint64_t kPieceBytes = uint64_t{32} << 20;
constexpr uint64_t kTextGuess = 256;  // bytes of a text of variable length: HDF5 says no more before it is read

/// What the columns of a piece borrow.
struct Held {
  std::vector<std::unique_ptr<std::vector<std::byte>>> values;
  std::vector<std::unique_ptr<std::vector<int64_t>>> ends;
};

// What HDF5 turns values of a column into.
Handle memory_type(const Hdf5ColumnPlace& place) {
  switch (place.kind) {
    case Hdf5Kind::kInt: return {H5Tcopy(H5T_NATIVE_INT64), H5Tclose};
    case Hdf5Kind::kUnsigned: return {H5Tcopy(H5T_NATIVE_UINT64), H5Tclose};
    case Hdf5Kind::kReal: return {H5Tcopy(H5T_NATIVE_DOUBLE), H5Tclose};
    case Hdf5Kind::kFixedText:
    case Hdf5Kind::kText: break;
  }
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, place.kind == Hdf5Kind::kText ? H5T_VARIABLE : place.text_bytes);
  if (place.is_utf8) H5Tset_cset(type, H5T_CSET_UTF8);
  if (place.space_padded) H5Tset_strpad(type, H5T_STR_SPACEPAD);
  if (place.kind == Hdf5Kind::kFixedText && !place.space_padded) H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

std::string_view text_at(const Hdf5ColumnPlace& place, const std::byte* value) {
  if (place.kind == Hdf5Kind::kText) {
    const char* text = nullptr;
    std::memcpy(&text, value, sizeof text);
    return text == nullptr ? std::string_view() : std::string_view(text);
  }
  const std::string_view text(reinterpret_cast<const char*>(value), place.text_bytes);
  const std::string_view cut = text.substr(0, text.find('\0'));
  return place.space_padded ? cut.substr(0, cut.find_last_not_of(' ') + 1) : cut;
}

class Hdf5Table final : public Table {
 public:
  Hdf5Table(FileSystem& fs, const std::string& path, const std::string& inside)
      : fs_(fs), path_(path), file_(fs, path, OpenMode::kRead), stat_(file_.stat()) {
    const Hdf5Lock lock;
    library_ = Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (library_ < 0) raise_hdf5(path_, "the beginning");
    layout_ = find_hdf5_layout(library_, path_, inside);
    const uint64_t fit = std::max<uint64_t>(1024, kPieceBytes / sizeof(double) / layout_.places.size());
    piece_rows_ = std::min(kPieceRows, fit);
    // Whole chunks where they are not too large: each is unpacked once.
    if (layout_.chunk_rows > 1 && layout_.chunk_rows <= fit)
      piece_rows_ = std::max<uint64_t>(1, piece_rows_ / layout_.chunk_rows) * layout_.chunk_rows;
    sum_ = sampled_sum(file_);
    layout_.notes.push_back("'" + path_ +
                            "' is read through HDF5, by one thread at a time and without checksums; penstock pack "
                            "makes a table that streams");
  }
  ~Hdf5Table() override {
    const Hdf5Lock lock;
    library_.close();
  }
  std::string_view format() const override { return "hdf5"; }
  const std::string& path() const override { return path_; }
  const TableSchema& schema() const override { return layout_.schema; }
  uint64_t rows() const override { return layout_.rows; }
  uint64_t bytes() const override { return stat_.bytes; }
  uint64_t fingerprint() const override { return sum_; }
  uint64_t state() const override { return state_of(fs_.stat(path_)); }
  uint64_t resident_bytes() const override {
    return layout_.places.size() * sizeof(Hdf5ColumnPlace) + (uint64_t{1} << 20);
  }
  uint64_t pieces() const override { return (rows() + piece_rows_ - 1) / piece_rows_; }
  uint64_t piece_begin(uint64_t p) const override { return std::min(rows(), p * piece_rows_); }
  uint64_t piece_of(uint64_t row) const override { return row / piece_rows_; }
  uint64_t max_piece_bytes(std::span<const size_t> columns) const override {
    const uint64_t rows = std::min(piece_rows_, layout_.rows);
    uint64_t row = 0;
    for (const size_t c : columns) {
      const Hdf5ColumnPlace& place = layout_.places[c];
      row += sizeof(double) + (place.kind == Hdf5Kind::kText ? kTextGuess : place.text_bytes);
    }
    return rows * row + (columns.size() + 1) * 64;
  }
  std::shared_ptr<const RawRows> fetch(uint64_t piece, std::span<const size_t> columns) const override {
    if (state_of(file_.stat()) != state_of(stat_))
      throw Error(Code::kData, "'" + path_ + "' was written to since it was opened").hint("start again");
    const uint64_t first = piece_begin(piece), rows = piece_begin(piece + 1) - first;
    std::map<size_t, std::vector<size_t>> of_array;  // which of the wanted columns each array holds
    for (size_t i = 0; i < columns.size(); ++i) of_array[layout_.places[columns[i]].array].push_back(i);
    auto held = std::make_shared<Held>();
    std::vector<StoredColumn> out(columns.size());
    const Hdf5Lock lock;
    for (const auto& [array, wanted] : of_array) read_array(array, wanted, columns, first, rows, *held, out);
    uint64_t bytes = 0;
    for (const auto& values : held->values) bytes += values->size();
    for (const auto& ends : held->ends) bytes += ends->size() * sizeof(int64_t);
    return std::make_shared<StoredRows>(first, rows, std::move(out), bytes, std::move(held));
  }
  Location locate(uint64_t) const override { return {path_, 0, stat_.bytes}; }
  std::vector<std::string> notes() const override { return layout_.notes; }

 private:
  // Rows of one array into `record`s that hold the wanted members one behind the other, then each into a column.
  void read_array(size_t array, const std::vector<size_t>& wanted, std::span<const size_t> columns, uint64_t first,
                  uint64_t rows, Held& held, std::vector<StoredColumn>& out) const {
    const auto place_of = [&](size_t i) -> const Hdf5ColumnPlace& { return layout_.places[columns[i]]; };
    std::map<std::string, size_t> at;  // of each member in the record
    Handle type;
    const Hdf5ColumnPlace& any = place_of(wanted[0]);
    size_t record = 0;
    if (layout_.is_compound[array]) {
      for (const size_t i : wanted) {
        if (at.contains(place_of(i).member)) continue;
        at[place_of(i).member] = record;
        record += H5Tget_size(memory_type(place_of(i))) * place_of(i).elements;
      }
      type = Handle(H5Tcreate(H5T_COMPOUND, record), H5Tclose);
      for (const size_t i : wanted) {
        const Hdf5ColumnPlace& place = place_of(i);
        if (H5Tget_member_index(type, place.member.c_str()) >= 0) continue;
        insert_member(type, place, at[place.member]);
      }
    } else {
      type = memory_type(any);
      record = H5Tget_size(type) * any.elements;
    }
    std::vector<std::byte> raw(record * rows);
    const Handle set(H5Dopen2(library_, layout_.arrays[array].c_str(), H5P_DEFAULT), H5Dclose);
    const Handle in_file(H5Dget_space(set), H5Sclose);
    const std::array<hsize_t, 2> start{first, 0}, count{rows, layout_.is_compound[array] ? 1 : any.elements};
    const Handle in_memory(H5Screate_simple(static_cast<int>(layout_.ranks[array]), count.data(), nullptr), H5Sclose);
    if (set < 0 || H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Dread(set, type, in_memory, in_file, H5P_DEFAULT, raw.data()) < 0)
      raise_hdf5(path_, "'" + layout_.arrays[array] + "' from row " + std::to_string(first) + " on");
    for (const size_t i : wanted) {
      const Hdf5ColumnPlace& place = place_of(i);
      const size_t begin = layout_.is_compound[array] ? at[place.member] : 0;
      out[i] = column_of(place, layout_.schema.columns()[columns[i]].type, raw.data() + begin, record, rows, held);
    }
    const bool lent = std::ranges::any_of(wanted, [&](size_t i) { return place_of(i).kind == Hdf5Kind::kText; });
    if (lent) H5Dvlen_reclaim(type, in_memory, H5P_DEFAULT, raw.data());
  }

  static void insert_member(hid_t type, const Hdf5ColumnPlace& place, size_t at) {
    const Handle element = memory_type(place);
    const hsize_t elements = place.elements;
    const Handle list(H5Tarray_create2(element, 1, &elements), H5Tclose);
    H5Tinsert(type, place.member.c_str(), at, place.is_list ? list : element);
  }

  static StoredColumn column_of(const Hdf5ColumnPlace& place, ColumnType type, const std::byte* raw, size_t record,
                                uint64_t rows, Held& held) {
    StoredColumn column{.type = type, .rows = rows, .is_foreign = true};
    held.values.push_back(std::make_unique<std::vector<std::byte>>());
    std::vector<std::byte>& values = *held.values.back();
    if (type != ColumnType::kText) {
      values.resize(rows * sizeof(double));
      const std::byte* const from = raw + place.element * sizeof(double);
      for (uint64_t i = 0; i < rows; ++i) std::memcpy(&values[i * sizeof(double)], from + i * record, sizeof(double));
      column.as = place.kind == Hdf5Kind::kReal       ? Stored::kF64
                  : place.kind == Hdf5Kind::kUnsigned ? Stored::kU64
                                                      : Stored::kI64;
    } else {
      held.ends.push_back(std::make_unique<std::vector<int64_t>>(1, 0));
      for (uint64_t i = 0; i < rows; ++i) {
        const std::string_view text = text_at(place, raw + i * record);
        const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
        values.insert(values.end(), bytes, bytes + text.size());
        held.ends.back()->push_back(static_cast<int64_t>(values.size()));
      }
      column.as = Stored::kText64;
      column.offsets = reinterpret_cast<const std::byte*>(held.ends.back()->data());
    }
    column.values = values.data();
    return column;
  }

  FileSystem& fs_;
  const std::string path_;
  File file_;
  FileStat stat_;
  Handle library_;
  Hdf5TableLayout layout_;
  uint64_t piece_rows_ = kPieceRows;
  uint64_t sum_ = 0;
};

}  // namespace

std::unique_ptr<Table> open_hdf5_table(const std::string& path, FileSystem& fs) {
  // "FILE:INSIDE" where there is no file of the whole name.
  const size_t colon = fs.exists(path) ? std::string::npos : path.rfind(':');
  const std::string file = path.substr(0, colon), inside = colon == std::string::npos ? "" : path.substr(colon + 1);
  if (!looks_like_hdf5(fs, file))
    throw Error(Code::kData, "'" + file + "' does not begin like an HDF5")
        .hint("it is damaged, empty, or of another kind: say which, as in csv:" + file);
  return std::make_unique<Hdf5Table>(fs, file, inside);
}

}  // namespace penstock::io
