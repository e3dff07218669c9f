# XGBoost out of the xgboost-cpu wheel that tools/deps.sh unpacks: target Penstock::xgboost. The wheel has no header: models/classic/trees
# declares the functions of the C interface that it calls, and opens the library when it first calls one. So nothing is linked; programs know its folder.
#   PENSTOCK_XGBOOST  the folder that holds libxgboost.so (default .deps/xgboost/xgboost/lib)
set(PENSTOCK_XGBOOST ${CMAKE_SOURCE_DIR}/.deps/xgboost/xgboost/lib CACHE PATH "Folder of libxgboost.so")
find_library(XgboostWheel_LIBRARY xgboost PATHS ${PENSTOCK_XGBOOST} NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XgboostWheel REQUIRED_VARS XgboostWheel_LIBRARY
  REASON_FAILURE_MESSAGE "no XGBoost in '${PENSTOCK_XGBOOST}': run tools/deps.sh")

if(XgboostWheel_FOUND AND NOT TARGET Penstock::xgboost)
  add_library(Penstock::xgboost INTERFACE IMPORTED)
  target_link_libraries(Penstock::xgboost INTERFACE ${CMAKE_DL_LIBS})
  target_link_options(Penstock::xgboost INTERFACE LINKER:-rpath,${PENSTOCK_XGBOOST})
endif()
