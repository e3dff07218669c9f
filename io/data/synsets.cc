#include "io/data/synsets.h"

#include <cstdint>
#include <memory>

#include <matio.h>

#include "engine/base/error.h"

namespace penstock::io {
namespace {

Error wrong(const std::string& path, const std::string& what) {
  return Error(Code::kUsage, "'" + path + "' is no meta.mat of ImageNet's development kit: " + what)
      .hint("it lies in ILSVRC2012_devkit_t12/data");
}

// A cell of the struct array; null where the field is not there or empty.
const matvar_t* cell(matvar_t* synsets, const char* field, size_t i) {
  const matvar_t* found = Mat_VarGetStructFieldByName(synsets, field, i);
  return found == nullptr || found->data == nullptr || found->nbytes == 0 ? nullptr : found;
}

double number_of(const matvar_t* cell, const std::string& path) {
  if (cell != nullptr && cell->nbytes >= static_cast<size_t>(cell->data_size)) {
    switch (cell->class_type) {
      case MAT_C_DOUBLE: return *static_cast<const double*>(cell->data);
      case MAT_C_SINGLE: return *static_cast<const float*>(cell->data);
      case MAT_C_UINT8: return *static_cast<const uint8_t*>(cell->data);
      case MAT_C_UINT16: return *static_cast<const uint16_t*>(cell->data);
      case MAT_C_INT16: return *static_cast<const int16_t*>(cell->data);
      case MAT_C_INT32: return *static_cast<const int32_t*>(cell->data);
      case MAT_C_INT64: return static_cast<double>(*static_cast<const int64_t*>(cell->data));
      default: break;
    }
  }
  throw wrong(path, "a class has no number");
}

std::string text_of(const matvar_t* cell, const std::string& path) {
  if (cell == nullptr || cell->class_type != MAT_C_CHAR || cell->data_size < 1)
    throw wrong(path, "a class has no WNID");
  const auto width = static_cast<size_t>(cell->data_size);
  std::string out;
  for (size_t at = 0; at + width <= cell->nbytes; at += width)  // ASCII, of one or two bytes each, the low one first
    out += static_cast<const char*>(cell->data)[at];
  return out;
}

}  // namespace

std::vector<std::string> read_synsets(const std::string& path) {
  Mat_LogInit("penstock");
  Mat_LogInitFunc("penstock", [](int, char*) {});  // what it says goes into the Error's place instead
  const std::unique_ptr<mat_t, int (*)(mat_t*)> file(Mat_Open(path.c_str(), MAT_ACC_RDONLY), &Mat_Close);
  if (!file) throw wrong(path, "it is not a MATLAB file");
  const std::unique_ptr<matvar_t, void (*)(matvar_t*)> synsets(Mat_VarRead(file.get(), "synsets"), &Mat_VarFree);
  if (!synsets || synsets->class_type != MAT_C_STRUCT || synsets->rank != 2)
    throw wrong(path, "there is no table 'synsets' in it");
  std::vector<std::string> classes;
  const size_t rows = synsets->dims[0] * synsets->dims[1];
  for (size_t i = 0; i < rows; ++i) {
    if (number_of(cell(synsets.get(), "num_children", i), path) != 0) continue;
    const double number = number_of(cell(synsets.get(), "ILSVRC2012_ID", i), path);
    if (!(number >= 1 && number <= static_cast<double>(rows))) throw wrong(path, "a class has an impossible number");
    const auto place = static_cast<size_t>(number) - 1;
    if (classes.size() <= place) classes.resize(place + 1);
    classes[place] = text_of(cell(synsets.get(), "WNID", i), path);
  }
  for (const std::string& name : classes)
    if (name.empty()) throw wrong(path, "a class is missing");
  if (classes.empty()) throw wrong(path, "there are no classes in it");
  return classes;
}

}  // namespace penstock::io
