// Which known name did the user mean? For "unknown key 'sise'; the nearest is 'size'".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// Typing errors between two names: insertions, deletions, substitutions and swapped neighbours count one each
/// (optimal string alignment distance); letters' case and '-' against '_' count nothing.
int typing_distance(std::string_view a, std::string_view b);

/// The candidate that `name` most probably meant, or "" when none is near (more than a third of its letters wrong,
/// and neither begins with the other). The first wins a tie.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// What to append to "unknown key 'sise'": "; the nearest right one is 'size'", or, when none is near,
/// "; known are 'a', 'b', 'c'". "" without candidates.
std::string nearest_hint(std::string_view name, std::span<const std::string> candidates);

}  // namespace penstock
