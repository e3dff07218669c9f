# How everything is compiled. Nothing here may change bytes between machines: no -march=native, no contracted
# multiply-adds; Highway picks the vector width when the program runs.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)  # a room compiles without waiting for the rooms below to be archived

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()
# -g1: line numbers for backtraces and profilers, a third of the size of -g.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(PENSTOCK_CCACHE ccache)
mark_as_advanced(PENSTOCK_CCACHE)
if(PENSTOCK_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PENSTOCK_CCACHE})
endif()

option(PENSTOCK_WERROR "Warnings are errors" OFF)
set(PENSTOCK_SANITIZE "" CACHE STRING "address (with UB) or thread; empty for none")
set_property(CACHE PENSTOCK_SANITIZE PROPERTY STRINGS "" address thread)

option(PENSTOCK_FUZZ "libFuzzer targets (clang): tools/fuzz.sh" OFF)

add_library(penstock_build INTERFACE)
target_include_directories(penstock_build INTERFACE ${CMAKE_SOURCE_DIR})
# What a designated initialiser leaves out has its default: that is how options are written here.
set(warnings -Wall -Wextra -Wpedantic -Wno-missing-field-initializers)
target_compile_options(penstock_build INTERFACE "$<$<COMPILE_LANGUAGE:C,CXX>:${warnings};-ffp-contract=off>")
target_link_options(penstock_build INTERFACE LINKER:--as-needed)
if(PENSTOCK_WERROR)
  target_compile_options(penstock_build INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-Werror>)
endif()
if(PENSTOCK_SANITIZE STREQUAL "address")
  # -fno-sanitize=vptr: it asks for the type information of TBB's and torch's classes, which the linker does not find.
  set(sanitize -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(PENSTOCK_SANITIZE STREQUAL "thread")
  # -fno-inline: every function is named in a report. Run with a TBB compiled for it: tools/check_sanitizers.sh.
  set(sanitize -fsanitize=thread -fno-omit-frame-pointer -O1 -fno-inline)
endif()
if(PENSTOCK_FUZZ)
  target_compile_options(penstock_build INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(penstock_build INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_compile_options(penstock_build INTERFACE ${sanitize})
target_link_options(penstock_build INTERFACE ${sanitize})

# A file that includes torch takes about 2 GB to compile: such targets share a pool that fits the memory.
cmake_host_system_information(RESULT available_mib QUERY AVAILABLE_PHYSICAL_MEMORY)
set(PENSTOCK_MEMORY_MIB ${available_mib} CACHE STRING "Memory that compiling may take, in MiB")
math(EXPR torch_jobs "${PENSTOCK_MEMORY_MIB} / 2048")
if(torch_jobs LESS 1)
  set(torch_jobs 1)
endif()
set_property(GLOBAL PROPERTY JOB_POOLS torch=${torch_jobs})
