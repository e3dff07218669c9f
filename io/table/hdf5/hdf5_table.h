// HDF5 tables as people have them.
#pragma once

#include <memory>
#include <string>

#include "io/table/table.h"

namespace penstock::io {

/// One file, or the group or array INSIDE of it where `path` says "FILE:INSIDE". Understood, in this order:
///   an array (rows) of a compound type     its members are the columns; a member that is a list of n numbers is NAME_0 .. NAME_n-1
///   arrays (rows) or (rows, 1)             of one group and equally long: a column each
///   an array (rows, width) of numbers      columns named by its attribute "columns" (texts), else c0, c1, ...
/// Numbers of any width and byte order, enums of 0 and 1 (h5py's bool), texts of fixed and of variable length. pandas' tables (format="table",
/// data_columns=True) are compound; its "fixed" layout and blocks of pickled names are refused with what to do instead.
/// Pieces are read through the library, one thread of the program at a time, past the door of `fs`; there are no checksums. Errors as open_columns(), kUsage also where
/// nothing in it is a table, saying what there is.
std::unique_ptr<Table> open_hdf5_table(const std::string& path, FileSystem& fs);

}  // namespace penstock::io
