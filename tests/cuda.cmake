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
if(TARGET penstock_classic_cuda)
  penstock_cuda_tests(classic LINK penstock_classic_cuda penstock_models)
endif()
