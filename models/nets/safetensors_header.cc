#include "models/nets/safetensors_header.h"

#include <limits>
#include <utility>

#include "engine/base/error.h"

namespace penstock::nets {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::kData, "safetensors header, byte " + std::to_string(at_) + ": " + what);
  }

  void expect(char wanted) {
    if (!accept(wanted)) fail(std::string("expected '") + wanted + "'");
  }

  bool accept(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void expect_end() {
    skip_space();
    if (at_ != text_.size()) fail("something stands behind the header's closing brace");
  }

  std::string string() {
    expect('"');
    std::string out;
    while (true) {
      if (at_ >= text_.size()) fail("a string that does not end");
      const unsigned char c = static_cast<unsigned char>(text_[at_++]);
      if (c == '"') return out;
      if (c < 0x20) fail("a control character in a string");
      if (c == '\\') {
        escape(out);
      } else {
        out += static_cast<char>(c);
      }
    }
  }

  uint64_t number() {
    skip_space();
    const size_t first = at_;
    uint64_t value = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      const uint64_t digit = static_cast<uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<int64_t>::max() - digit) / 10) fail("a number beyond 63 bits");
      value = value * 10 + digit;
      ++at_;
    }
    if (at_ == first) fail("expected a number that is not negative");
    if (at_ - first > 1 && text_[first] == '0') fail("a number with a leading zero");
    return value;
  }

  /// Calls `item` for every element of the list.
  template <class F>
  void list(F item) {
    expect('[');
    if (accept(']')) return;
    do { item(); } while (accept(','));
    expect(']');
  }

  /// Calls `value(key)` for every key of the object.
  template <class F>
  void object(F value) {
    expect('{');
    if (accept('}')) return;
    do {
      const std::string key = string();
      expect(':');
      value(key);
    } while (accept(','));
    expect('}');
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  uint32_t hex4() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at_ < text_.size() ? text_[at_++] : '\0';
      uint32_t digit = 0;
      if (c >= '0' && c <= '9')
        digit = static_cast<uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<uint32_t>(c - 'A' + 10);
      else
        fail("a \\u escape without four hex digits");
      value = value * 16 + digit;
    }
    return value;
  }

  void escape(std::string& out) {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; return;
      case 'b': out += '\b'; return;
      case 'f': out += '\f'; return;
      case 'n': out += '\n'; return;
      case 'r': out += '\r'; return;
      case 't': out += '\t'; return;
      case 'u': break;
      default: fail("an unknown escape in a string");
    }
    uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
      at_ += 2;
      const uint32_t low = hex4();
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      fail("half of a surrogate pair");
    }
    const auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6), put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F)), put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F)),
          put(0x80 | (code & 0x3F));
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

HeaderTensor read_tensor(Reader& in, const std::string& name) {
  HeaderTensor out;
  bool dtype = false, shape = false, offsets = false;
  const auto once = [&](bool& seen, const std::string& key) {
    if (std::exchange(seen, true)) in.fail("'" + key + "' of tensor '" + name + "' stands twice");
  };
  in.object([&](const std::string& key) {
    if (key == "dtype") {
      once(dtype, key);
      out.dtype = in.string();
    } else if (key == "shape") {
      once(shape, key);
      in.list([&] { out.shape.push_back(static_cast<int64_t>(in.number())); });
    } else if (key == "data_offsets") {
      once(offsets, key);
      std::vector<uint64_t> values;
      in.list([&] { values.push_back(in.number()); });
      if (values.size() != 2) in.fail("data_offsets of tensor '" + name + "' must be two numbers");
      out.begin = values[0];
      out.end = values[1];
    } else {
      in.fail("tensor '" + name + "' has the unknown key '" + key + "'");
    }
  });
  if (!dtype || !shape || !offsets) in.fail("tensor '" + name + "' lacks dtype, shape or data_offsets");
  return out;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json) {
  Reader in(json);
  SafetensorsHeader out;
  bool metadata = false;
  in.object([&](const std::string& key) {
    if (key == "__metadata__") {
      if (std::exchange(metadata, true)) in.fail("'__metadata__' stands twice");
      in.object([&](const std::string& name) {
        if (!out.metadata.emplace(name, in.string()).second) in.fail("metadata key '" + name + "' stands twice");
      });
      return;
    }
    if (!out.tensors.emplace(key, read_tensor(in, key)).second) in.fail("tensor '" + key + "' stands twice");
  });
  in.expect_end();
  return out;
}

std::string json_quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace penstock::nets
