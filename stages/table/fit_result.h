// From counts to what is stored. In a file of its own, since counting knows no thresholds.
#pragma once

#include <string>
#include <vector>

#include "stages/table/fit_state.h"
#include "stages/table/fitter.h"

namespace penstock::table {

/// `state` is of all training rows. Takes part of its memory with it. Throws what fit() says of targets.
FitResult finish_fit(const TableSpec& spec, const ColumnPlan& plan, const io::Table& table, TargetFit target,
                     FitState& state);

/// Features that give the target away, a sentence each: a number that equals it or moves with it to the fourth decimal, a category
/// each of whose values has one target over many rows.
std::vector<std::string> find_leaks(const TableSpec& spec, const ColumnPlan& plan, const io::TableSchema& schema,
                                    const FitState& state);

}  // namespace penstock::table
