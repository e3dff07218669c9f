// A folder of recipes for one test, and what loading one of them says.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "pipelines/recipe/load.h"

namespace penstock::pipelines {

class RecipeFolder {
 public:
  RecipeFolder() {
    std::string pattern = testing::TempDir() + "recipe-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~RecipeFolder() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

 private:
  std::string folder_;
};

inline Environment variables(std::map<std::string, std::string> all) {
  return [all](const std::string& name) -> std::optional<std::string> {
    const auto it = all.find(name);
    return it == all.end() ? std::nullopt : std::optional<std::string>(it->second);
  };
}

inline LoadOptions with_set(std::vector<std::string> set) {
  return {.set = std::move(set), .environment = variables({})};
}

inline Recipe parse(const std::string& text, std::vector<std::string> set = {}) {
  return parse_recipe(text, "r.toml", with_set(std::move(set)));
}

/// What the Error of `call` says; it must be the user's fault.
template <class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUsage);
    return error.what();
  }
  return "no error";
}

inline std::string fault(const std::string& text, std::vector<std::string> set = {}) {
  return message_of([&] { parse(text, std::move(set)); });
}

}  // namespace penstock::pipelines
