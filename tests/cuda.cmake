# Tests of what needs a GPU, labelled gpu: they skip themselves, with the reason, where there is none.
#   penstock_cuda_tests(FOLDER LINK library...)      tests/FOLDER/cuda/*.cc and *.cu -> test_FOLDER_cuda
function(penstock_cuda_tests folder)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  set(here ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/cuda)
  file(GLOB files CONFIGURE_DEPENDS ${here}/*.cc ${here}/*.cu)
  if(NOT files)
    return()
  endif()
  set(name test_${folder}_cuda)
  add_executable(${name} ${files})
  target_compile_definitions(${name} PRIVATE ${test_definitions})
  target_link_libraries(${name} PRIVATE penstock_cuda ${ARG_LINK} penstock_test_support GTest::gmock GTest::gtest_main)
  penstock_compile_pool(${name} ${ARG_LINK})
  gtest_discover_tests(${name} TEST_PREFIX ${folder}.cuda. DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS gpu TIMEOUT 300 RUN_SERIAL TRUE)
  add_dependencies(cuda ${name})
endfunction()

penstock_cuda_tests(engine LINK penstock_engine)
penstock_cuda_tests(device LINK penstock_device penstock_image)
if(TARGET penstock_classic_in_place)
  penstock_cuda_tests(classic LINK penstock_classic_in_place)
endif()

# With torch on the GPU. libtorch_cuda needs libraries that a machine without a GPU lacks (cuSPARSELt, NVSHMEM): then the loader ends the
# program with 127, and the test counts as skipped. One ctest, since such a program cannot be asked for its tests.
file(GLOB torch_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/stages/cuda/*.cc)
add_executable(test_stages_cuda ${torch_files})
target_link_libraries(test_stages_cuda PRIVATE penstock_learn_in_place penstock_cuda penstock_learn penstock_models Torch::cuda GTest::gtest_main)
penstock_compile_pool(test_stages_cuda penstock_learn)
add_test(NAME stages.cuda COMMAND test_stages_cuda)
set_tests_properties(stages.cuda PROPERTIES LABELS gpu RUN_SERIAL TRUE TIMEOUT 300 SKIP_RETURN_CODE 127 ENVIRONMENT OMP_NUM_THREADS=1)
add_dependencies(cuda test_stages_cuda)

# Rates against ceilings measured in the same run: tools/gpu/check.sh runs it.
add_executable(gpu_bench bench/cuda/gpu_bench.cc bench/cuda/classic_rates.cc)
target_link_libraries(gpu_bench PRIVATE penstock_cuda penstock_classic_cuda penstock_image CUDA::cublas)
add_dependencies(cuda gpu_bench)

# The training step alone: tools/gpu/train_bench.sh runs it beside the real thing and PyTorch.
add_executable(step_rate_cuda bench/cuda/step_rate.cc)
target_link_libraries(step_rate_cuda PRIVATE penstock_learn_in_place penstock_cuda penstock_learn penstock_models Torch::cuda)
penstock_compile_pool(step_rate_cuda penstock_learn)
add_dependencies(cuda step_rate_cuda)

# engine/cuda and stages/device/cuda on a made-up machine: the program's own definitions of the calls of CUDA, NCCL and nvJPEG come before
# the libraries'. Needs no GPU.
add_library(penstock_fake_cuda OBJECT support/cuda/fake_cuda.cc support/cuda/fake_nccl.cc support/cuda/fake_nvjpeg.cc)
target_link_libraries(penstock_fake_cuda PUBLIC penstock_cuda_build Penstock::nvjpeg)
foreach(folder IN ITEMS engine device)
  file(GLOB faked CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/cuda/faked/*.cc)
  set(name test_${folder}_faked_cuda)
  add_executable(${name} ${faked} $<TARGET_OBJECTS:penstock_fake_cuda>)
  target_link_libraries(${name} PRIVATE penstock_cuda Penstock::nvjpeg penstock_test_support GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} TEST_PREFIX ${folder}.faked_cuda. DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit TIMEOUT 120)
  add_dependencies(cuda ${name})
endforeach()

# The whole program, with or without a GPU, says which it is.
add_test(NAME program.cuda_devices COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tools/cuda/devices_test.sh $<TARGET_FILE:penstock-cuda>)
set_tests_properties(program.cuda_devices PROPERTIES LABELS gpu SKIP_RETURN_CODE 77)
