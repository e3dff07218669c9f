# AOTInductor packages: their libraries are compiled here, from tests/package/tiny_package.cpp, and packed by the tests.
#   tiny_package(NAME BATCH CHANNELS_LAST OUTPUTS)
# As torch links them: they need libtorch.so, by that name, and do not say where it lies.
function(tiny_package name batch channels_last outputs)
  add_library(tiny_package_${name} MODULE package/tiny_package.cpp)
  target_compile_definitions(tiny_package_${name} PRIVATE
    TINY_BATCH=${batch} TINY_CHANNELS_LAST=${channels_last} TINY_OUTPUTS=${outputs})
  target_link_libraries(tiny_package_${name} PRIVATE penstock_build)
  target_include_directories(tiny_package_${name} SYSTEM PRIVATE $<TARGET_PROPERTY:Torch::cpu,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_options(tiny_package_${name} PRIVATE LINKER:--no-as-needed,--allow-shlib-undefined $<TARGET_FILE:libtorch_name>)
  add_dependencies(tiny_package_${name} libtorch_name)
  add_dependencies(test_package tiny_package_${name})
  target_compile_definitions(test_package PRIVATE
    "PENSTOCK_TINY_$<UPPER_CASE:${name}>=\"$<TARGET_FILE:tiny_package_${name}>\"")
endfunction()

penstock_tests(package LABEL unit TORCH LINK penstock_pipelines penstock_models nlohmann_json::nlohmann_json)
target_sources(test_package PRIVATE pipelines/train_world.cc)
tiny_package(any 0 0 1)
tiny_package(four 4 0 1)
tiny_package(channels_last 0 1 1)
tiny_package(two_outputs 0 0 2)

# The same with packages that torch itself has made, where there is a Python with torch 2.11.0: it compiles for a minute and more.
add_test(NAME package.torch COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/package/torch_test.sh $<TARGET_FILE:penstock> $<TARGET_FILE:penstock-synth>)
set_tests_properties(package.torch PROPERTIES LABELS slow RUN_SERIAL TRUE TIMEOUT 600 SKIP_RETURN_CODE 77)
