#include "stages/table/prepare/small_table.h"

#include <algorithm>
#include <utility>

#include <fnmatch.h>

#include "engine/base/bytes.h"
#include "engine/base/counted.h"
#include "engine/base/error.h"

namespace penstock::table {
namespace {

// The files that `file` names, in the first folder that has any.
std::vector<std::string> files_of(const std::string& file, const std::string& title, const StepWorld& world) {
  std::vector<std::string> tried;
  if (file.starts_with('/')) tried.push_back(file);
  if (tried.empty())
    for (const std::string& folder : world.folders) {
      const std::string path = folder == "." || folder.empty() ? file : io::join_path(folder, file);
      // Some recipes lie in none: built-in ones, and those that a model remembers.
      const bool is_folder = folder.empty() || (world.fs->exists(folder) && world.fs->is_folder(folder));
      if (is_folder && std::ranges::find(tried, path) == tried.end()) tried.push_back(path);
    }
  if (tried.empty()) tried.push_back(file);
  for (const std::string& path : tried) {
    if (world.fs->exists(path)) return {path};
    const std::string folder = io::parent_of(path), pattern = io::base_name(path);
    if (pattern.find_first_of("*?[") == std::string::npos || !world.fs->exists(folder)) continue;
    std::vector<std::string> found;
    for (const io::FolderEntry& entry : world.fs->list(folder))
      if (entry.kind == io::FileKind::kFile && ::fnmatch(pattern.c_str(), entry.name.c_str(), FNM_PERIOD) == 0)
        found.push_back(io::join_path(folder, entry.name));
    std::sort(found.begin(), found.end());
    if (!found.empty()) return found;
  }
  std::string list;
  for (const std::string& path : tried) list += (list.empty() ? "'" : " and no '") + path + "'";
  throw Error(Code::kUsage, title + " finds no file '" + file + "': there is no " + list)
      .hint("name it as it lies beside the data or beside the recipe");
}

std::string stem_of(const std::string& path) {
  const std::string name = io::base_name(path);
  const size_t dot = name.find('.', 1);
  return name.substr(0, dot);
}

}  // namespace

KeyPair key_pair(const std::string& on) {
  const size_t at = on.find(" = ");
  if (at == std::string::npos) return {on, on};
  return {on.substr(0, at), on.substr(at + 3)};
}

SmallTable::SmallTable(const JoinParams& params, const std::string& title, StepWorld& world)
    : source_column_(params.source) {
  // Without steps of its own, nothing is read that is not asked for.
  if (!params.columns.empty() && params.steps.empty()) {
    wanted_ = params.columns;
    for (const std::string& on : params.on) wanted_.push_back(key_pair(on).right);
  }
  for (const std::string& path : files_of(params.file, title, world)) {
    std::string source = stem_of(path);
    const auto name = params.names.find(source);
    if (name != params.names.end()) source = name->second;
    append(path, source, title, world);
  }
  frame_.dropped.assign(frame_.rows, 0);
  const std::vector<BoundStep> steps = bind_steps(params.steps, columns_, world, title + ", ");
  frame_.columns.resize(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) frame_.columns[i].type = columns_[i].spec.type;
  for (const BoundStep& step : steps) {
    if (!step.row)
      throw Error(Code::kUsage, step.step().title() + " needs the order of time, which steps of a joined file have not")
          .hint("put it among the steps of the table itself, behind the join");
    StepCounts counts = step.row->counts();
    step.row->run(frame_, counts);
    if (std::string text = counts.text(); !text.empty()) world.notes.push_back(std::move(text));
  }
  keep_texts();
  charge(title, world);
}

void SmallTable::append(const std::string& path, const std::string& source, const std::string& title,
                        StepWorld& world) {
  const std::unique_ptr<io::Table> table = world.open(path);
  std::vector<size_t> places;
  std::vector<io::ColumnSpec> specs;
  for (size_t i = 0; i < table->schema().size(); ++i) {
    const io::ColumnSpec& spec = table->schema().columns()[i];
    if (!wanted_.empty() && std::find(wanted_.begin(), wanted_.end(), spec.name) == wanted_.end()) continue;
    places.push_back(i);
    specs.push_back(spec);
  }
  const bool has_source = !source_column_.empty();
  if (has_source) specs.push_back({source_column_, io::ColumnType::kText});
  if (first_path_.empty()) {
    first_path_ = path;
    for (const io::ColumnSpec& spec : specs) columns_.add({.spec = spec}, title);
    frame_.columns.resize(columns_.size());
    words_.resize(columns_.size());
    dictionaries_.resize(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      frame_.columns[i].type = columns_[i].spec.type;
      if (columns_[i].spec.type == io::ColumnType::kText)
        dictionaries_[i] = std::make_shared<std::vector<std::string>>(1);
    }
  } else {
    require_same(specs, path, title);
  }
  world.fingerprints.push_back(table->fingerprint());
  io::TableBlock block;
  uint64_t bad = 0;
  std::string first_bad;
  for (uint64_t piece = 0; piece < table->pieces(); ++piece) {
    const auto raw = table->fetch(piece, places);
    // Some rows at a time, so that a large piece is refused before it is unpacked whole.
    constexpr size_t kRows = 65536;
    for (size_t from = 0; from < raw->count(); from += kRows) {
      raw->decode(from, std::min(kRows, raw->count() - from), block);
      if (bad == 0 && !block.bad.empty()) first_bad = block.bad.front().reason;
      bad += block.bad.size();
      append_block(block, has_source ? &source : nullptr);
      charge(title, world);
    }
  }
  if (bad > 0)
    world.notes.push_back(title + ": " + counted(bad, "row") + " of '" + path + "' cannot be read and " +
                          (bad == 1 ? "is" : "are") + " left out, first: " + first_bad);
}

// The same names and types; ints of some files and reals of others are reals.
void SmallTable::require_same(const std::vector<io::ColumnSpec>& specs, const std::string& path,
                              const std::string& title) {
  bool same = specs.size() == columns_.size();
  for (size_t i = 0; same && i < specs.size(); ++i) {
    const io::ColumnType before = columns_[i].spec.type, now = specs[i].type;
    same = specs[i].name == columns_[i].spec.name;
    if (before == io::ColumnType::kInt && now == io::ColumnType::kReal) {
      io::ColumnBlock& column = frame_.columns[i];
      columns_.retype(i, now);
      column.type = now;
      column.reals.resize(frame_.rows);
      for (size_t row = 0; row < frame_.rows; ++row) {
        column.reals[row] = static_cast<double>(column.ints[row]);
        if (column.is_missing(row)) set_missing(column, row);
      }
      column.ints.clear();
    } else {
      same = same && (now == before || (before == io::ColumnType::kReal && now == io::ColumnType::kInt));
    }
  }
  if (same) return;
  throw Error(Code::kUsage, title + ": '" + path + "' has the columns " + io::TableSchema(specs).text() + ", and '" +
                                first_path_ + "' " + columns_.schema().text())
      .hint("files of one pattern have the same columns and types; a schema file can say the types");
}

void SmallTable::append_block(const io::TableBlock& block, const std::string* source) {
  std::vector<size_t> rows;
  for (size_t row = 0, bad = 0; row < block.rows; ++row) {
    if (bad < block.bad.size() && block.bad[bad].row == row) {
      ++bad;
    } else {
      rows.push_back(row);
    }
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    io::ColumnBlock& out = frame_.columns[c];
    const io::ColumnBlock* from = c < block.columns.size() ? &block.columns[c] : nullptr;
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool missing = from != nullptr && missing_at(*from, rows[i]);
      if (missing && out.missing.empty()) out.missing.resize(frame_.rows + i);
      if (missing || !out.missing.empty()) out.missing.push_back(missing);
      if (out.type == io::ColumnType::kReal) {
        out.reals.push_back(number_at(*from, rows[i]));
      } else if (out.type != io::ColumnType::kText) {
        out.ints.push_back(missing ? 0 : from->ints[rows[i]]);
      } else if (missing) {
        out.codes.push_back(0);
      } else {
        const std::string word(from != nullptr ? from->text(rows[i]) : *source);
        const auto [place, is_new] = words_[c].try_emplace(word, static_cast<uint32_t>(dictionaries_[c]->size()));
        if (is_new) {
          dictionaries_[c]->push_back(word);
          word_bytes_ += 2 * (word.size() + sizeof word) + 16;
        }
        out.codes.push_back(place->second);
      }
    }
  }
  frame_.rows += rows.size();
  for (size_t c = 0; c < columns_.size(); ++c)
    if (dictionaries_[c]) frame_.columns[c].dictionary = dictionaries_[c];
}

// Steps make texts that point into the frame's words: those stay with the frame. The maps from words to codes are done with.
void SmallTable::keep_texts() {
  words_.clear();
  for (size_t c = 0; c < frame_.columns.size(); ++c) {
    io::ColumnBlock& column = frame_.columns[c];
    if (column.type != io::ColumnType::kText || column.dictionary) continue;
    auto words = std::make_shared<std::vector<std::string>>(1);
    Words codes;
    column.codes.resize(frame_.rows);
    for (size_t row = 0; row < frame_.rows; ++row) {
      if (column.is_missing(row)) continue;
      const auto [place, is_new] =
          codes.try_emplace(std::string(column.texts[row]), static_cast<uint32_t>(words->size()));
      if (is_new) words->push_back(place->first);
      column.codes[row] = place->second;
    }
    column.texts.clear();
    column.dictionary = std::move(words);
  }
}

void SmallTable::charge(const std::string& title, StepWorld& world) {
  uint64_t bytes = word_bytes_;
  for (const io::ColumnBlock& column : frame_.columns)
    bytes += column.ints.capacity() * 8 + column.reals.capacity() * 8 + column.codes.capacity() * 4 +
             column.missing.capacity() + column.texts.capacity() * sizeof(std::string_view);
  // The index by key, which comes next: a key, a place and a node a row.
  bytes += frame_.rows * 96;
  const uint64_t more = bytes > charged_ ? bytes - charged_ : 0;
  if (more > world.join_bytes_left)
    throw Error(Code::kMemory, title + ": '" + first_path_ + "' takes more than " + bytes_text(world.join_bytes) +
                                   ", which all joined tables together may")
        .hint("join the small table to the large one, or allow more memory for joins");
  world.join_bytes_left -= more;
  charged_ += more;
}

void add_key(const io::ColumnBlock& column, size_t row, std::string& key) {
  const auto add = [&](const void* bytes, size_t count) { key.append(static_cast<const char*>(bytes), count); };
  if (column.type == io::ColumnType::kText) {
    const std::string_view text = column.text(row);
    const auto size = static_cast<uint32_t>(text.size());
    add(&size, sizeof size);
    add(text.data(), text.size());
  } else if (column.type == io::ColumnType::kReal) {
    const double value = column.reals[row] == 0 ? 0 : column.reals[row];  // -0 and 0 are one
    add(&value, sizeof value);
  } else {
    add(&column.ints[row], sizeof(int64_t));
  }
}

}  // namespace penstock::table
