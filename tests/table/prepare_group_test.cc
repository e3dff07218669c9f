// Group steps against naive ones that look at all pairs of rows; leakage; the same for any threads, blocks and memory.
#include <cmath>
#include <filesystem>
#include <random>

#include <unistd.h>

#include <gtest/gtest.h>

#include "stages/table/prepare/prepare.h"
#include "tests/support/memory_table.h"

namespace penstock::table {
namespace {

using test::MemoryTable;

struct Row {
  int store = 0, day = 0;
  std::optional<double> x;
  bool event = false;
};

std::vector<Row> some_rows(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Row> rows(count);
  for (Row& row : rows) {
    row.store = static_cast<int>(random() % 5);
    row.day = static_cast<int>(random() % 40) - 10;
    if (random() % 8 != 0) row.x = static_cast<double>(random() % 1000) / 8;
    row.event = random() % 6 == 0;
  }
  return rows;
}

std::unique_ptr<MemoryTable> table_of(const std::vector<Row>& rows, uint64_t piece_rows = 100) {
  auto table = std::make_unique<MemoryTable>(io::TableSchema({{"store", io::ColumnType::kInt},
                                                              {"day", io::ColumnType::kDate},
                                                              {"x", io::ColumnType::kReal},
                                                              {"event", io::ColumnType::kBool}}),
                                             MemoryTable::Options{.piece_rows = piece_rows});
  for (const Row& row : rows)
    table->add({std::to_string(row.store), std::to_string(row.day), row.x ? std::to_string(*row.x) : "",
                row.event ? "1" : "0"});
  return table;
}

PrepareStep step(std::string kind, ParamMap params) { return {.kind = std::move(kind), .params = std::move(params)}; }

using Cells = std::vector<std::vector<double>>;  // NaN: missing

Cells prepared(const MemoryTable& table, const PrepareSpec& spec, PrepareOptions options = {}) {
  Preparation preparation(spec, table, std::move(options));
  Cells cells(preparation.schema().size());
  preparation.run([&](const io::TableBlock& block) {
    for (size_t c = 0; c < cells.size(); ++c)
      for (size_t row = 0; row < block.rows; ++row) cells[c].push_back(number_at(block.columns[c], row));
  });
  return cells;
}

void expect_same(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::isnan(a[i]), std::isnan(b[i])) << i;
    if (!std::isnan(a[i])) ASSERT_NEAR(a[i], b[i], 1e-9 * std::max(1.0, std::abs(b[i]))) << i;
  }
}

const std::vector<std::string> kStats = {"mean", "sum", "min", "max", "std", "count"};

// Statistics of x over rows of the same store that `sees` (row, other) lets it see, asked for each row.
Cells naive_stats(const std::vector<Row>& rows, const std::function<bool(const Row&, const Row&)>& sees) {
  Cells cells(6);
  for (const Row& row : rows) {
    std::vector<double> seen;
    for (const Row& other : rows)
      if (other.store == row.store && other.x && sees(row, other)) seen.push_back(*other.x);
    const double nan = std::nan(""), n = static_cast<double>(seen.size());
    double sum = 0, low = INFINITY, high = -INFINITY, deviations = 0;
    for (const double x : seen) {
      sum += x;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    for (const double x : seen) deviations += (x - sum / n) * (x - sum / n);
    const bool none = seen.empty();
    const double values[] = {none ? nan : sum / n,
                             none ? nan : sum,
                             none ? nan : low,
                             none ? nan : high,
                             seen.size() < 2 ? nan : std::sqrt(deviations / (n - 1)),
                             n};
    for (size_t i = 0; i < 6; ++i) cells[i].push_back(values[i]);
  }
  return cells;
}

TEST(PrepareGroups, RollingWindowsAreThoseOfANaiveSearch) {
  const auto rows = some_rows(700, 1);
  const auto table = table_of(rows);
  for (const int lag : {0, 3}) {
    ParamMap params = {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"window", "7d"}, {"stats", kStats}};
    if (lag > 0) params["lag"] = Value(std::to_string(lag) + "d");
    const Cells cells = prepared(*table, {.steps = {step("rolling", params)}});
    const Cells naive = naive_stats(rows, [&](const Row& row, const Row& other) {
      const int end = row.day - std::max(lag, 1);
      return other.day <= end && other.day > end - 7;
    });
    for (size_t i = 0; i < 6; ++i) expect_same(cells[4 + i], naive[i]);
  }
}

TEST(PrepareGroups, ExpandingStatisticsCountOnlyRowsThatPassAndAreOldEnough) {
  const auto rows = some_rows(700, 2);
  const Cells cells = prepared(*table_of(rows), {.steps = {step("expanding", {{"column", "x"},
                                                                              {"by", "store"},
                                                                              {"time", "day"},
                                                                              {"lag", "5d"},
                                                                              {"where", "event = 0"},
                                                                              {"stats", kStats}})}});
  const Cells naive =
      naive_stats(rows, [](const Row& row, const Row& other) { return !other.event && other.day <= row.day - 5; });
  for (size_t i = 0; i < 6; ++i) expect_same(cells[4 + i], naive[i]);
}

TEST(PrepareGroups, EventsAreSoFarAwayAsANaiveSearchFindsThem) {
  const auto rows = some_rows(500, 3);
  const Cells cells = prepared(
      *table_of(rows),
      {.steps = {
           step("since", {{"event", "event = 1"}, {"by", "store"}, {"time", "day"}}),
           step("until", {{"event", "event = 1"}, {"by", "store"}, {"time", "day"}}),
           step("since",
                {{"event", "event = 1"}, {"by", "store"}, {"time", "day"}, {"name", "s"}, {"beyond", "count"}}),
           step("until",
                {{"event", "event = 1"}, {"by", "store"}, {"time", "day"}, {"name", "u"}, {"beyond", "count"}})}});
  std::vector<double> since, until, since_count, until_count;
  for (const Row& row : rows) {
    double back = INFINITY, ahead = INFINITY, begin = INFINITY, end = -INFINITY;
    for (const Row& other : rows) {
      if (other.store != row.store) continue;
      begin = std::min(begin, double(other.day));
      end = std::max(end, double(other.day));
      if (!other.event) continue;
      if (other.day < row.day) back = std::min(back, double(row.day - other.day));
      if (other.day > row.day) ahead = std::min(ahead, double(other.day - row.day));
    }
    since.push_back(std::isinf(back) ? std::nan("") : back);
    until.push_back(std::isinf(ahead) ? std::nan("") : ahead);
    since_count.push_back(std::isinf(back) ? row.day - begin + 1 : back);
    until_count.push_back(std::isinf(ahead) ? end + 1 - row.day : ahead);
  }
  expect_same(cells[4], since);
  expect_same(cells[5], until);
  expect_same(cells[6], since_count);
  expect_same(cells[7], until_count);
}

TEST(PrepareGroups, ShiftsGiveTheRowBeforeAndTheRowOfThatDay) {
  std::vector<Row> rows;  // days 0, 2, 4, ... out of order, one row each
  for (int i = 0; i < 30; ++i) rows.push_back({.store = 1, .day = (i * 7 % 30) * 2, .x = i * 1.5});
  const Cells cells = prepared(
      *table_of(rows), {.steps = {step("shift", {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"rows", 2}}),
                                  step("shift", {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"lag", "6d"}}),
                                  step("shift", {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"lag", "3d"}})}});
  const auto of_day = [&](int day) {
    for (const Row& row : rows)
      if (row.day == day) return *row.x;
    return std::nan("");
  };
  std::vector<double> two, six;
  for (const Row& row : rows) {
    two.push_back(of_day(row.day - 4));
    six.push_back(of_day(row.day - 6));
  }
  expect_same(cells[4], two);
  expect_same(cells[5], six);
  expect_same(cells[6], std::vector<double>(rows.size(), std::nan("")));
}

PrepareSpec all_steps() {
  return {
      .steps = {step("rolling", {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"rows", 3}, {"stats", kStats}}),
                step("expanding", {{"column", "x"}, {"by", "store"}, {"time", "day"}}),
                step("shift", {{"column", "x"}, {"by", "store"}, {"time", "day"}, {"rows", 1}}),
                step("since", {{"event", "x > 60"}, {"by", "store"}, {"time", "day"}}),
                // Built on a column of a group step: one more pass.
                step("rolling", {{"column", "x_past_mean"}, {"by", "store"}, {"time", "day"}, {"window", "9d"}})}};
}

TEST(PrepareGroups, NothingBeforeChangesWhereTheFutureDoes) {
  std::vector<Row> rows = some_rows(400, 4);
  const Cells before = prepared(*table_of(rows), all_steps());
  for (Row& row : rows)
    if (row.day >= 12) row.x = 1e6;
  const Cells after = prepared(*table_of(rows), all_steps());
  ASSERT_EQ(before.size(), after.size());
  size_t changed = 0;
  for (size_t c = 4; c < before.size(); ++c)
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool same = before[c][i] == after[c][i] || (std::isnan(before[c][i]) && std::isnan(after[c][i]));
      // Rows of day 12 see nothing of one another either.
      if (rows[i].day <= 12) {
        EXPECT_TRUE(same) << "column " << c << ", row " << i;
      } else {
        changed += !same;
      }
    }
  EXPECT_GT(changed, 100U);
}

TEST(PrepareGroups, ThreadsBlocksPiecesAndSpillingChangeNothing) {
  const auto rows = some_rows(60000, 5);
  const auto folder = std::filesystem::temp_directory_path() / ("penstock-prepare-" + std::to_string(::getpid()));
  const Cells one = prepared(*table_of(rows, 100000), all_steps());
  Cores cores(3);
  const auto pieces = table_of(rows, 777);
  Preparation spilling(all_steps(), *pieces,
                       {.scratch_folder = folder.string(), .sort_bytes = 1, .block_rows = 100, .cores = &cores});
  Cells cells(spilling.schema().size());
  const PrepareReport report = spilling.run([&](const io::TableBlock& block) {
    for (size_t c = 0; c < cells.size(); ++c)
      for (size_t row = 0; row < block.rows; ++row) cells[c].push_back(number_at(block.columns[c], row));
  });
  EXPECT_GT(report.spilled_bytes, 1000000U);
  EXPECT_EQ(report.passes, 3U);
  for (size_t c = 0; c < one.size(); ++c)
    for (size_t i = 0; i < rows.size(); ++i)
      ASSERT_TRUE(one[c][i] == cells[c][i] || (std::isnan(one[c][i]) && std::isnan(cells[c][i]))) << c << ' ' << i;
  std::filesystem::remove_all(folder);
}

TEST(PrepareGroups, NewRowsWithTheirHistoryGetWhatTheWholeTableGives) {
  const auto rows = some_rows(600, 6);
  std::vector<Row> old, fresh;
  for (const Row& row : rows) (row.day < 15 ? old : fresh).push_back(row);
  std::vector<Row> both = old;
  both.insert(both.end(), fresh.begin(), fresh.end());
  const auto history = table_of(old), table = table_of(fresh);
  const Cells whole = prepared(*table_of(both), all_steps());
  const Cells part = prepared(*table, all_steps(), {.history = history.get()});
  for (size_t c = 0; c < whole.size(); ++c)
    expect_same(part[c], {whole[c].begin() + static_cast<std::ptrdiff_t>(old.size()), whole[c].end()});
}

TEST(PrepareGroups, TheFutureOfTheTargetIsRefusedByName) {
  const auto table = table_of(some_rows(10, 7));
  const PrepareSpec spec{
      .steps = {step("compute", {{"name", "twice"}, {"left", "x"}, {"op", "product"}, {"number", 2}}),
                step("until", {{"event", "twice > 3"}, {"by", "store"}, {"time", "day"}})}};
  EXPECT_NO_THROW(Preparation(spec, *table, {}));
  try {
    Preparation(spec, *table, {.target = "x"});
    FAIL() << "it was let through";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("future of 'twice'"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace penstock::table
