#include "io/table/hdf5_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/error.h"
#include "io/file/file.h"
#include "io/hdf5/library.h"

namespace penstock::io {
namespace {

constexpr uint64_t kChunkBytes = 256 * 1024;  // HDF5's chunk cache is 1 MiB a data set

using Handle = Hdf5Handle;

}  // namespace

struct Hdf5Writer::State {
  Handle file;
  Handle text_type;
  std::vector<Handle> sets;
  std::vector<uint64_t> rows;

  hid_t type_of(const Hdf5Column& column) const {
    if (column.text) return text_type;
    return column.dtype == DType::kF32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64;
  }
  void close_all() {
    sets.clear();
    text_type.close();
    file.close();
  }
};

Hdf5Writer::Hdf5Writer(FileSystem& fs, std::string dest, std::vector<Hdf5Column> columns)
    : fs_(fs),
      dest_(std::move(dest)),
      partial_(dest_ + ".partial"),
      columns_(std::move(columns)),
      state_(std::make_unique<State>()) {}

std::unique_ptr<Hdf5Writer> Hdf5Writer::open(const std::string& dest, std::vector<Hdf5Column> columns, FileSystem& fs) {
  // A plain file first: its errors say more than HDF5's.
  File(fs, dest + ".partial", OpenMode::kCreate).close();
  const Hdf5Lock lock;
  std::unique_ptr<Hdf5Writer> writer(new Hdf5Writer(fs, dest, std::move(columns)));
  State& state = *writer->state_;
  state.file = Handle(H5Fcreate(writer->partial_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  if (state.file < 0) writer->fail("create");
  state.text_type = Handle(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(state.text_type, H5T_VARIABLE);
  H5Tset_cset(state.text_type, H5T_CSET_UTF8);
  for (const Hdf5Column& column : writer->columns_) {
    PENSTOCK_CHECK(column.width > 0 && (column.text || column.dtype == DType::kF32 || column.dtype == DType::kI64));
    const int rank = column.text ? 1 : 2;
    const hsize_t width = static_cast<hsize_t>(column.width);
    const uint64_t row_bytes = column.text ? 16 : width * size_of(column.dtype);
    const std::array<hsize_t, 2> now{0, width}, most{H5S_UNLIMITED, width},
        chunk{std::max<hsize_t>(1, kChunkBytes / row_bytes), width};
    const Handle space(H5Screate_simple(rank, now.data(), most.data()), H5Sclose);
    const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(layout, rank, chunk.data());
    state.sets.emplace_back(
        H5Dcreate2(state.file, column.name.c_str(), state.type_of(column), space, H5P_DEFAULT, layout, H5P_DEFAULT),
        H5Dclose);
    state.rows.push_back(0);
    if (state.sets.back() < 0) writer->fail("make the data set '" + column.name + "' in");
  }
  return writer;
}

Hdf5Writer::~Hdf5Writer() {
  const Hdf5Lock lock;
  state_->close_all();
  if (!finished_) fs_.sys_unlink(partial_.c_str());
}

void Hdf5Writer::fail(const std::string& doing) {
  throw Error(Code::kIo, "cannot " + doing + " '" + partial_ + "': " + hdf5_message())
      .hint("check the free space and the permissions of its folder");
}

void Hdf5Writer::append_rows(size_t column, const void* values, uint64_t rows) {
  if (rows == 0) return;
  const Hdf5Lock lock;
  const Hdf5Column& what = columns_[column];
  const int rank = what.text ? 1 : 2;
  uint64_t& before = state_->rows[column];
  const hsize_t width = static_cast<hsize_t>(what.width);
  const std::array<hsize_t, 2> all{before + rows, width}, start{before, 0}, count{rows, width};
  const hid_t set = state_->sets[column];
  if (H5Dset_extent(set, all.data()) < 0) fail("write");
  const Handle in_file(H5Dget_space(set), H5Sclose);
  const Handle in_memory(H5Screate_simple(rank, count.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  if (H5Dwrite(set, state_->type_of(what), in_memory, in_file, H5P_DEFAULT, values) < 0) fail("write");
  before += rows;
}

void Hdf5Writer::append(size_t column, std::span<const float> values) {
  const Hdf5Column& what = columns_[column];
  PENSTOCK_CHECK(!what.text && what.dtype == DType::kF32 && values.size() % static_cast<size_t>(what.width) == 0);
  append_rows(column, values.data(), values.size() / static_cast<uint64_t>(what.width));
}

void Hdf5Writer::append(size_t column, std::span<const int64_t> values) {
  const Hdf5Column& what = columns_[column];
  PENSTOCK_CHECK(!what.text && what.dtype == DType::kI64 && values.size() % static_cast<size_t>(what.width) == 0);
  append_rows(column, values.data(), values.size() / static_cast<uint64_t>(what.width));
}

void Hdf5Writer::append(size_t column, std::span<const std::string> values) {
  PENSTOCK_CHECK(columns_[column].text);
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(value.c_str());
  append_rows(column, texts.data(), texts.size());
}

void Hdf5Writer::finish() {
  const Hdf5Lock lock;
  for (const uint64_t rows : state_->rows) {
    if (rows != state_->rows[0]) throw Error(Code::kInternal, "the columns of '" + dest_ + "' differ in rows");
  }
  for (Handle& set : state_->sets) {
    if (!set.close()) fail("write");
  }
  state_->text_type.close();
  if (H5Fflush(state_->file, H5F_SCOPE_GLOBAL) < 0 || !state_->file.close()) fail("write");
  File file(fs_, partial_, OpenMode::kUpdate);
  file.sync();
  file.close();
  fs_.rename(partial_, dest_);
  finished_ = true;
  fs_.sync_folder(parent_of(dest_));
}

}  // namespace penstock::io
