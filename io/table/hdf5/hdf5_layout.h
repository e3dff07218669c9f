// Which columns the arrays of an HDF5 file make.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5/library.h"
#include "io/table/stored_column.h"
#include "io/table/table_schema.h"

namespace penstock::io {

/// What HDF5 is asked for when a column is read.
enum class Hdf5Kind : uint8_t { kInt, kUnsigned, kReal, kFixedText, kText };

struct Hdf5ColumnPlace {
  size_t array = 0;         ///< in Hdf5TableLayout::arrays
  std::string member = {};  ///< of a compound array; "": none
  size_t element = 0;       ///< of a list in that member, or of the second dimension
  size_t elements = 1;      ///< that the list has
  bool is_list = false;     ///< the member is one, be it of one element
  Hdf5Kind kind = Hdf5Kind::kReal;
  size_t text_bytes = 0;  ///< kFixedText
  bool space_padded = false;
  bool is_utf8 = false;
};

struct Hdf5TableLayout {
  std::vector<std::string> arrays;  ///< paths inside the file
  std::vector<bool> is_compound;
  std::vector<uint64_t> ranks;
  TableSchema schema;
  std::vector<Hdf5ColumnPlace> places;  ///< of each column
  uint64_t rows = 0;
  uint64_t chunk_rows = 1;  ///< that HDF5 unpacks at once
  std::vector<std::string> notes;
};

/// Looks at FILE, below `inside` where it is not "". Under a Hdf5Lock. Throws kUsage where nothing there is a table, kData for damage.
Hdf5TableLayout find_hdf5_layout(hid_t file, const std::string& path, const std::string& inside);

/// Error kData: "cannot read WHAT of 'PATH': ..." with HDF5's words.
[[noreturn]] void raise_hdf5(const std::string& path, const std::string& what);

}  // namespace penstock::io
