# An empty library named libtorch.so, whose bytes models/nets/libtorch_name.cc takes into the program and says why.
function(penstock_embed_libtorch_name target)
  add_library(libtorch_name SHARED models/nets/libtorch_name/empty.cc)
  # -nostdlib, no build id, no page padding: some kilobytes that are the same everywhere and need no other library.
  set_target_properties(libtorch_name PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/libtorch_name
    OUTPUT_NAME torch LINK_OPTIONS "-nostdlib;-s;LINKER:-z,noseparate-code,--build-id=none")
  set(source ${CMAKE_SOURCE_DIR}/models/nets/libtorch_name.cc)
  set_source_files_properties(${source} PROPERTIES
    COMPILE_DEFINITIONS PENSTOCK_LIBTORCH_NAME="${CMAKE_BINARY_DIR}/libtorch_name/libtorch.so"
    OBJECT_DEPENDS "${CMAKE_BINARY_DIR}/libtorch_name/libtorch.so")
  add_dependencies(${target} libtorch_name)
endfunction()
