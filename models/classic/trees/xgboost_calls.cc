#include "models/classic/trees/xgboost_calls.h"

#include "engine/base/error.h"

namespace penstock::classic {

std::string xgboost_words() {
  std::string words = xgboost().XGBGetLastError();
  // "[12:00:00] /src/x.cc:17: Check failed: ...\nStack trace: ..."
  if (words.starts_with("[")) {
    const size_t place = words.find(": ", words.find(".cc:"));
    if (place != std::string::npos) words.erase(0, place + 2);
  }
  if (const size_t stack = words.find("\nStack trace"); stack != std::string::npos) words.resize(stack);
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  return words;
}

void require_done(int status, std::string_view doing) {
  if (status == 0) return;
  throw Error(Code::kData, "XGBoost failed at " + std::string(doing) + ": " + xgboost_words());
}

std::string array_text(const void* data, uint64_t rows, uint64_t columns, const char* type) {
  return R"({"data":[)" + std::to_string(reinterpret_cast<uintptr_t>(data)) + R"(,true],"shape":[)" +
         std::to_string(rows) + (columns > 0 ? "," + std::to_string(columns) : "") + R"(],"typestr":")" + type +
         R"(","version":3})";
}

}  // namespace penstock::classic
