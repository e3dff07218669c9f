# Compiles recipes into a library, so that the program needs no files beside it.
#   penstock_embed_recipes(TARGET glob)     defines builtin_recipes() of pipelines/recipe/builtin.h
function(penstock_embed_recipes target pattern)
  file(GLOB recipes CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
  list(SORT recipes)
  set(entries "")
  set(count 0)
  foreach(recipe IN LISTS recipes)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${recipe})
    get_filename_component(name ${recipe} NAME_WE)
    file(READ ${recipe} text)
    string(APPEND entries "    {\"${name}\", R\"recipe(${text})recipe\"},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  set(source ${CMAKE_BINARY_DIR}/generated/builtin_recipes.cc)
  file(WRITE ${source}.new "// Written by cmake/EmbedRecipes.cmake from ${pattern}.
#include <array>

#include \"pipelines/recipe/builtin.h\"

namespace penstock::pipelines {
namespace {

constexpr std::array<BuiltinRecipe, ${count}> kRecipes = {{
${entries}}};

}  // namespace

std::span<const BuiltinRecipe> builtin_recipes() { return kRecipes; }

}  // namespace penstock::pipelines
")
  file(COPY_FILE ${source}.new ${source} ONLY_IF_DIFFERENT)
  target_sources(${target} PRIVATE ${source})
endfunction()
