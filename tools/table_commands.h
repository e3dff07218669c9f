// What pack, info and verify do with a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/command.h"

namespace penstock::tools {

struct PackTableArguments {
  std::string source, dest;
  std::string to;  ///< --to; "": by DEST's ending
  std::optional<uint64_t> limit = {};
  bool shuffle = false;
  std::optional<uint64_t> memory_bytes = {};
  std::string max_damaged = "0";  ///< as it was typed
};

/// Each gives the exit code, 0 or 3, and throws Error.
int pack_table_command(const PackTableArguments& arguments, Context& context);
/// `schema`: also write the schema file of a table of text files.
int info_table_command(const std::string& data, bool schema, Context& context);
int verify_table_command(const std::string& data, Context& context);

}  // namespace penstock::tools
