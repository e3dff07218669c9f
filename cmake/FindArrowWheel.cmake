# Arrow C++ and Parquet out of the pyarrow wheel that tools/deps.sh unpacks: targets Penstock::arrow, Penstock::parquet.
#   PENSTOCK_ARROW  the folder that holds include/ and the libraries (default .deps/arrow/pyarrow)
set(PENSTOCK_ARROW ${CMAKE_SOURCE_DIR}/.deps/arrow/pyarrow CACHE PATH "Folder of Arrow C++, with include/ and libarrow.so.*")
file(GLOB ArrowWheel_ARROW ${PENSTOCK_ARROW}/libarrow.so.*)
file(GLOB ArrowWheel_PARQUET ${PENSTOCK_ARROW}/libparquet.so.*)
find_path(ArrowWheel_INCLUDE_DIR arrow/api.h PATHS ${PENSTOCK_ARROW}/include NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowWheel
  REQUIRED_VARS ArrowWheel_INCLUDE_DIR ArrowWheel_ARROW ArrowWheel_PARQUET
  REASON_FAILURE_MESSAGE "no Arrow C++ in '${PENSTOCK_ARROW}': run tools/deps.sh")

if(ArrowWheel_FOUND AND NOT TARGET Penstock::arrow)
  add_library(Penstock::arrow SHARED IMPORTED)
  set_target_properties(Penstock::arrow PROPERTIES IMPORTED_LOCATION ${ArrowWheel_ARROW}
    INTERFACE_INCLUDE_DIRECTORIES ${ArrowWheel_INCLUDE_DIR})
  add_library(Penstock::parquet SHARED IMPORTED)
  set_target_properties(Penstock::parquet PROPERTIES IMPORTED_LOCATION ${ArrowWheel_PARQUET}
    INTERFACE_LINK_LIBRARIES Penstock::arrow)
  target_link_options(Penstock::arrow INTERFACE LINKER:-rpath,${PENSTOCK_ARROW} LINKER:-rpath-link,${PENSTOCK_ARROW})
endif()
