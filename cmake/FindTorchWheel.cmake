# libtorch for the CPU, out of the torch wheel that tools/deps.sh unpacks: target Torch::cpu.
#   PENSTOCK_TORCH  the folder that holds include/ and lib/ (default .deps/torch/torch); name your own libtorch with it.
#
# The TorchConfig.cmake of the wheel insists on a CUDA toolkit and links `libtorch`, which drags the CUDA libraries in. Here
# only libtorch_cpu and libc10 are linked. libtorch_cpu of the CUDA wheel still names libcudart and libcupti, two small
# libraries that lie in nvidia/cu13/lib of the same wheel folder; they need no driver.
set(PENSTOCK_TORCH ${CMAKE_SOURCE_DIR}/.deps/torch/torch CACHE PATH "Folder of libtorch, with include/ and lib/")

find_path(TorchWheel_INCLUDE_DIR torch/csrc/api/include/torch/torch.h
  PATHS ${PENSTOCK_TORCH}/include NO_DEFAULT_PATH NO_CACHE)
find_library(TorchWheel_CPU_LIBRARY torch_cpu PATHS ${PENSTOCK_TORCH}/lib NO_DEFAULT_PATH NO_CACHE)
find_library(TorchWheel_C10_LIBRARY c10 PATHS ${PENSTOCK_TORCH}/lib NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchWheel
  REQUIRED_VARS TorchWheel_INCLUDE_DIR TorchWheel_CPU_LIBRARY TorchWheel_C10_LIBRARY
  REASON_FAILURE_MESSAGE "no libtorch in '${PENSTOCK_TORCH}': run tools/deps.sh, or name yours with -DPENSTOCK_TORCH=")

if(TorchWheel_FOUND AND NOT TARGET Torch::cpu)
  set(torch_lib ${PENSTOCK_TORCH}/lib)
  file(REAL_PATH ${PENSTOCK_TORCH}/../nvidia/cu13/lib cuda_lib)
  add_library(Torch::c10 SHARED IMPORTED)
  set_target_properties(Torch::c10 PROPERTIES IMPORTED_LOCATION ${TorchWheel_C10_LIBRARY})
  add_library(Torch::cpu SHARED IMPORTED)
  set_target_properties(Torch::cpu PROPERTIES
    IMPORTED_LOCATION ${TorchWheel_CPU_LIBRARY}
    INTERFACE_LINK_LIBRARIES Torch::c10
    INTERFACE_COMPILE_DEFINITIONS _GLIBCXX_USE_CXX11_ABI=1
    INTERFACE_INCLUDE_DIRECTORIES "${TorchWheel_INCLUDE_DIR};${TorchWheel_INCLUDE_DIR}/torch/csrc/api/include")
  # The folder's libgomp is found through libtorch_cpu's own rpath and is the only OpenMP of the program: nothing of ours
  # is compiled with -fopenmp.
  target_link_options(Torch::cpu INTERFACE LINKER:-rpath,${torch_lib} LINKER:-rpath-link,${torch_lib})
  if(EXISTS ${cuda_lib})
    target_link_options(Torch::cpu INTERFACE LINKER:-rpath-link,${cuda_lib})
  endif()
endif()
