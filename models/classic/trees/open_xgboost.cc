#include <cstdlib>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "models/classic/trees/xgboost_calls.h"

namespace penstock::classic {
namespace {

/// The environment and a line more, as an array of its own. Never freed: other threads may read the environment while a library is loaded, and find this one or
/// the other, both whole. setenv() does not promise that, and what is started later would inherit it.
char** environment_with(const char* line) {
  static std::vector<char*> lines;
  static std::string kept;
  if (lines.empty()) {
    kept = line;
    for (char** at = environ; at != nullptr && *at != nullptr; ++at) lines.push_back(*at);
    lines.push_back(kept.data());
    lines.push_back(nullptr);
  }
  return lines.data();
}

/// What it needs is looked for among what it brings, before what the program has: libtorch's OpenMP would serve it else, which was told nothing. The run-time
/// libraries of sanitizers allow no such order.
int search_order() {
  const bool watched =
      ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr || ::dlsym(RTLD_DEFAULT, "__tsan_init") != nullptr;
  return watched ? 0 : RTLD_DEEPBIND;
}

void* load(const std::string& library) {
  const int how = RTLD_NOW | RTLD_LOCAL | search_order();
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr)
    return ::dlopen(library.c_str(), how);
  char** const before = environ;
  environ = environment_with("OMP_WAIT_POLICY=passive");  // libgomp reads it once, while it is loaded
  void* const found = ::dlopen(library.c_str(), how);
  environ = before;
  return found;
}

template <class Call>
void find(void* library, Call*& call, const char* name) {
  call = reinterpret_cast<Call*>(::dlsym(library, name));
  if (call == nullptr)
    throw Error(Code::kDevice, std::string("XGBoost's library has no ") + name)
        .hint("Penstock needs XGBoost 3.2: tools/deps.sh fetches it");
}

}  // namespace

XgboostCalls open_xgboost(const std::string& library) {
  void* const lib = load(library);
  if (lib == nullptr)
    throw Error(Code::kDevice, "cannot open XGBoost, without which there are no trees: " + std::string(::dlerror()))
        .hint("tools/deps.sh fetches it; LD_LIBRARY_PATH may name another folder that holds libxgboost.so");
  XgboostCalls calls;
  find(lib, calls.XGBGetLastError, "XGBGetLastError");
  find(lib, calls.XGBuildInfo, "XGBuildInfo");
  find(lib, calls.XGBSetGlobalConfig, "XGBSetGlobalConfig");
  find(lib, calls.XGProxyDMatrixCreate, "XGProxyDMatrixCreate");
  find(lib, calls.XGProxyDMatrixSetDataDense, "XGProxyDMatrixSetDataDense");
  find(lib, calls.XGQuantileDMatrixCreateFromCallback, "XGQuantileDMatrixCreateFromCallback");
  find(lib, calls.XGExtMemQuantileDMatrixCreateFromCallback, "XGExtMemQuantileDMatrixCreateFromCallback");
  find(lib, calls.XGDMatrixFree, "XGDMatrixFree");
  find(lib, calls.XGDMatrixNumRow, "XGDMatrixNumRow");
  find(lib, calls.XGDMatrixSetInfoFromInterface, "XGDMatrixSetInfoFromInterface");
  find(lib, calls.XGDMatrixSetStrFeatureInfo, "XGDMatrixSetStrFeatureInfo");
  find(lib, calls.XGBoosterCreate, "XGBoosterCreate");
  find(lib, calls.XGBoosterFree, "XGBoosterFree");
  find(lib, calls.XGBoosterSetParam, "XGBoosterSetParam");
  find(lib, calls.XGBoosterUpdateOneIter, "XGBoosterUpdateOneIter");
  find(lib, calls.XGBoosterEvalOneIter, "XGBoosterEvalOneIter");
  find(lib, calls.XGBoosterBoostedRounds, "XGBoosterBoostedRounds");
  find(lib, calls.XGBoosterSlice, "XGBoosterSlice");
  find(lib, calls.XGBoosterPredictFromDense, "XGBoosterPredictFromDense");
  find(lib, calls.XGBoosterFeatureScore, "XGBoosterFeatureScore");
  find(lib, calls.XGBoosterSaveModelToBuffer, "XGBoosterSaveModelToBuffer");
  find(lib, calls.XGBoosterLoadModelFromBuffer, "XGBoosterLoadModelFromBuffer");
  find(lib, calls.XGBoosterSetAttr, "XGBoosterSetAttr");
  find(lib, calls.XGBoosterGetAttr, "XGBoosterGetAttr");
  find(lib, calls.XGBoosterSetStrFeatureInfo, "XGBoosterSetStrFeatureInfo");
  return calls;
}

const XgboostCalls& xgboost() {
  static const XgboostCalls calls = open_xgboost("libxgboost.so");
  return calls;
}

}  // namespace penstock::classic
