// The functions of XGBoost's C interface (3.2) that are called here: its wheel has no header. Only the .cc files of this folder include this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::classic {

using XgHandle = void*;

/// Under their C names, as XGBoost's documentation has them. All are in libxgboost.so.
struct XgboostCalls {
  const char* (*XGBGetLastError)();
  int (*XGBuildInfo)(const char** json);
  int (*XGBSetGlobalConfig)(const char* json);

  int (*XGProxyDMatrixCreate)(XgHandle* out);
  int (*XGProxyDMatrixSetDataDense)(XgHandle proxy, const char* array);
  int (*XGQuantileDMatrixCreateFromCallback)(void* iter, XgHandle proxy, XgHandle reference, void (*reset)(void*),
                                             int (*next)(void*), const char* config, XgHandle* out);
  int (*XGExtMemQuantileDMatrixCreateFromCallback)(void* iter, XgHandle proxy, XgHandle reference, void (*reset)(void*),
                                                   int (*next)(void*), const char* config, XgHandle* out);
  int (*XGDMatrixFree)(XgHandle matrix);
  int (*XGDMatrixNumRow)(XgHandle matrix, uint64_t* out);
  int (*XGDMatrixSetInfoFromInterface)(XgHandle matrix, const char* field, const char* array);
  int (*XGDMatrixSetStrFeatureInfo)(XgHandle matrix, const char* field, const char** values, uint64_t count);

  int (*XGBoosterCreate)(const XgHandle matrices[], uint64_t count, XgHandle* out);
  int (*XGBoosterFree)(XgHandle booster);
  int (*XGBoosterSetParam)(XgHandle booster, const char* name, const char* value);
  int (*XGBoosterUpdateOneIter)(XgHandle booster, int round, XgHandle train);
  int (*XGBoosterEvalOneIter)(XgHandle booster, int round, XgHandle matrices[], const char* names[], uint64_t count,
                              const char** out);
  int (*XGBoosterBoostedRounds)(XgHandle booster, int* out);
  int (*XGBoosterSlice)(XgHandle booster, int begin, int end, int step, XgHandle* out);
  int (*XGBoosterPredictFromDense)(XgHandle booster, const char* array, const char* config, XgHandle proxy,
                                   const uint64_t** shape, uint64_t* dimensions, const float** values);
  int (*XGBoosterFeatureScore)(XgHandle booster, const char* config, uint64_t* count, const char*** features,
                               uint64_t* dimensions, const uint64_t** shape, const float** scores);
  int (*XGBoosterSaveModelToBuffer)(XgHandle booster, const char* config, uint64_t* length, const char** bytes);
  int (*XGBoosterLoadModelFromBuffer)(XgHandle booster, const void* bytes, uint64_t length);
  int (*XGBoosterSetAttr)(XgHandle booster, const char* name, const char* value);
  int (*XGBoosterGetAttr)(XgHandle booster, const char* name, const char** out, int* found);
  int (*XGBoosterSetStrFeatureInfo)(XgHandle booster, const char* field, const char** values, uint64_t count);
};

/// XGBoost, opened by the first call; it stays for good. Throws as open_xgboost(). Any thread.
const XgboostCalls& xgboost();

/// Opens `library`, a path or a name that the program's own folders and LD_LIBRARY_PATH are searched for. The OpenMP that it brings is told to sleep where it waits
/// (OMP_WAIT_POLICY=passive) unless the environment says OMP_WAIT_POLICY or GOMP_SPINCOUNT; other OpenMPs of the program, and programs started later, are told nothing.
/// Throws Error kDevice where it cannot be opened, or is another library or version.
XgboostCalls open_xgboost(const std::string& library);

/// XGBoost's last words of this thread, their first line: what stands behind it is a stack of its own.
std::string xgboost_words();

/// Throws Error kData with `doing` ("cutting the rows into bins") and XGBoost's words where `status` is not 0.
void require_done(int status, std::string_view doing);

/// A C-contiguous array as XGBoost reads it (the array interface of NumPy): `columns` 0 is a vector. The memory is lent for the call.
std::string array_text(const void* data, uint64_t rows, uint64_t columns, const char* type);

}  // namespace penstock::classic
