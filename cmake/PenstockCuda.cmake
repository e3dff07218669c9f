# What needs a GPU, added to a tree: no room is compiled again. The sources in folders named cuda/ become libraries beside their
# rooms, and a program with CUDA links the same rooms, these libraries, and the files that take the place of the rooms' own by being
# linked first (engine/cuda/makers_cuda.cc for engine/device/makers_cpu.cc): its definition is there, so the archive's is not pulled in.
#   target `cuda`: all of it. Compiles and links without a GPU or a driver; CUDA 13.
set(PENSTOCK_CUDA_TOOLKIT /usr/local/cuda CACHE PATH "Folder of the CUDA toolkit, with bin/nvcc")
set(PENSTOCK_CUDA_ARCHITECTURES 80-real 90-real 100 CACHE STRING "Machine code for A100, H100 and B200, and PTX of the last")
if(NOT DEFINED CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${PENSTOCK_CUDA_TOOLKIT}/bin/nvcc)
endif()
set(CMAKE_CUDA_ARCHITECTURES ${PENSTOCK_CUDA_ARCHITECTURES})
# Keeps what ptxas says of each kernel beside its object: tools/gpu/resources.py reads it.
set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/tools/gpu/keep_ptxas.sh ${PENSTOCK_CCACHE})
enable_language(CUDA)
# CMake 3.25 knows no C++20 of nvcc 13 and would silently take C++17.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)  # the one that libtorch_cuda uses
set(CMAKE_CUDA_FLAGS_RELWITHDEBINFO "-O2 -lineinfo -DNDEBUG")

set(CUDAToolkit_ROOT ${PENSTOCK_CUDA_TOOLKIT})
find_package(CUDAToolkit 13 REQUIRED)
find_library(PENSTOCK_NCCL NAMES nccl libnccl.so.2 PATHS ${PENSTOCK_CUDA_TOOLKIT}/lib64 REQUIRED)
include(PenstockNvjpeg)

# --fmad=false: as the C++ of all rooms, no contracted multiply-adds, so that a kernel gives its twin's bytes. Relaxed constexpr: kernels call
# the constexpr functions that their twins call.
add_library(penstock_cuda_build INTERFACE)
target_compile_options(penstock_cuda_build INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:--fmad=false;--expt-relaxed-constexpr;--extended-lambda;-Xptxas=-v;-Xcompiler=-Wall,-Wextra,-Wno-missing-field-initializers,-ffp-contract=off>")
target_link_libraries(penstock_cuda_build INTERFACE penstock_build CUDA::cudart)

# libtorch of the GPU: whoever calls ATen on a cuda device links it. What it needs in turn (cuBLAS, cuDNN, NCCL ...) is found where it runs.
add_library(Torch::cuda INTERFACE IMPORTED)
target_link_libraries(Torch::cuda INTERFACE Torch::cpu penstock_cuda_build
  -Wl,--no-as-needed ${PENSTOCK_TORCH}/lib/libtorch_cuda.so ${PENSTOCK_TORCH}/lib/libc10_cuda.so -Wl,--as-needed)
target_link_options(Torch::cuda INTERFACE LINKER:--allow-shlib-undefined)

#   penstock_cuda_room(NAME SOURCES glob... [PUBLIC library...] [PRIVATE library...])
# Like a room; without sources there is no target.
#   penstock_NAME_cuda       the library of the room's folder cuda/
#   penstock_NAME_in_place   with it, the file that takes the place of the room's own (makers_cuda.cc, kernels_cuda.cu, decoders_cuda.cc): for programs alone
function(penstock_cuda_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/)
  file(GLOB files CONFIGURE_DEPENDS ${ARG_SOURCES})
  if(NOT files)
    return()
  endif()
  set(in_place ${files})
  list(FILTER in_place INCLUDE REGEX "/(makers_cuda\\.cc|kernels_cuda\\.cu|decoders_cuda\\.cc|gpu_compute\\.cc)$")
  list(FILTER files EXCLUDE REGEX "/(makers_cuda\\.cc|kernels_cuda\\.cu|decoders_cuda\\.cc|gpu_compute\\.cc)$")
  if(files)
    add_library(penstock_${name}_cuda STATIC ${files})
    target_link_libraries(penstock_${name}_cuda PUBLIC penstock_cuda_build ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    penstock_compile_pool(penstock_${name}_cuda ${ARG_PUBLIC})
  else()
    add_library(penstock_${name}_cuda INTERFACE)
    target_link_libraries(penstock_${name}_cuda INTERFACE penstock_cuda_build ${ARG_PUBLIC} ${ARG_PRIVATE})
  endif()
  add_library(penstock_${name}_in_place INTERFACE)
  target_link_libraries(penstock_${name}_in_place INTERFACE penstock_${name}_cuda)
  if(in_place)
    add_library(penstock_${name}_in_place_object OBJECT ${in_place})
    target_link_libraries(penstock_${name}_in_place_object PUBLIC penstock_cuda_build ${ARG_PUBLIC})
    penstock_compile_pool(penstock_${name}_in_place_object ${ARG_PUBLIC})
    target_sources(penstock_${name}_in_place INTERFACE $<TARGET_OBJECTS:penstock_${name}_in_place_object>)
  endif()
endfunction()

penstock_cuda_room(engine SOURCES engine/cuda/*.cc engine/cuda/*.cu
  PUBLIC penstock_engine PRIVATE ${PENSTOCK_NCCL} ${CMAKE_DL_LIBS})
penstock_cuda_room(device SOURCES stages/device/cuda/*.cc stages/device/cuda/*.cu
  PUBLIC penstock_device penstock_engine_cuda PRIVATE Penstock::nvjpeg)
set(classic penstock_models)
if(TARGET penstock_classic)
  set(classic penstock_classic)
endif()
penstock_cuda_room(classic SOURCES models/classic/cuda/*.cc models/classic/cuda/*.cu
  PUBLIC ${classic} penstock_engine_cuda PRIVATE CUDA::cublas)
penstock_cuda_room(learn SOURCES stages/learn/cuda/*.cc stages/learn/cuda/*.cu
  PUBLIC penstock_learn penstock_device_cuda Torch::cuda)

# What every program with CUDA links; and what the whole program links, of rooms that may have no folder cuda/ yet.
add_library(penstock_cuda INTERFACE)
target_link_libraries(penstock_cuda INTERFACE penstock_device_in_place penstock_engine_in_place)
foreach(room IN ITEMS classic learn)
  if(TARGET penstock_${room}_in_place)
    list(APPEND other_rooms penstock_${room}_in_place)
  endif()
endforeach()

penstock_program(penstock-cuda SOURCES tools/main.cc
  LINK penstock_tools penstock_cuda ${other_rooms} CLI11::CLI11 nlohmann_json::nlohmann_json)
add_custom_target(cuda DEPENDS penstock-cuda)
