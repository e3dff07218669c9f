# nvJPEG out of its wheel (header and library), which the toolkit of a build machine may lack: tools/gpu/nvjpeg.sh unpacks it into
# .deps/nvjpeg. Target Penstock::nvjpeg.
set(PENSTOCK_NVJPEG ${CMAKE_SOURCE_DIR}/.deps/nvjpeg/nvidia/cu13 CACHE PATH "Folder of nvJPEG, with include/ and lib/")
if(NOT EXISTS ${PENSTOCK_NVJPEG}/include/nvjpeg.h)
  message(FATAL_ERROR "no nvJPEG in '${PENSTOCK_NVJPEG}': run tools/gpu/nvjpeg.sh, or name yours with -DPENSTOCK_NVJPEG=")
endif()
add_library(Penstock::nvjpeg SHARED IMPORTED)
set_target_properties(Penstock::nvjpeg PROPERTIES
  IMPORTED_LOCATION ${PENSTOCK_NVJPEG}/lib/libnvjpeg.so.13
  INTERFACE_INCLUDE_DIRECTORIES ${PENSTOCK_NVJPEG}/include)
