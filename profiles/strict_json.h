// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace profiles {

class JsonObject;

// One value at one place of a strictly read file. Every reader throws FileError when the value has
// the wrong type, unit or range; the message names file, JSON pointer, value and what was wanted.
// Valid while its JsonDocument lives.
class JsonValue {
public:
    struct Place; // Opaque: the parsed value, its pointer, its file.

    explicit JsonValue(std::shared_ptr<const Place> place)
        : place_(std::move(place)) {}

    std::string text() const;
    bool flag() const;
    std::uint64_t whole(std::uint64_t least, std::uint64_t most) const;
    double number(double least, double most) const;
    double fraction() const; // 0.3 or "30%": 0 .. 1
    std::uint64_t size_bytes(std::uint64_t least,
                             std::uint64_t most) const; // "4KiB", "1MB", "512B"
    std::chrono::nanoseconds duration(std::chrono::nanoseconds least,
                                      std::chrono::nanoseconds most) const; // "30s"
    double rate_per_s(double least, double most) const;                     // "5000/s", "12/h"
    std::vector<JsonValue> items() const;                                   // an array
    JsonObject object() const;
    bool is_object() const;
    bool is_array() const;
    bool is_text() const;
    bool is_number() const;
    std::string dump() const;    // The value as compact JSON.
    std::string pointer() const; // RFC 6901

    // The value as one of the named choices; anything else is an error with a "did you mean".
    template <typename Enum>
    Enum choice(const std::vector<std::pair<std::string_view, Enum>>& choices) const {
        std::vector<std::string_view> names;
        for (const auto& [name, value] : choices) {
            names.push_back(name);
        }
        return choices[choice_index(names)].second;
    }

    // Throws FileError: "FILE: POINTER: VALUE: WANTED".
    [[noreturn]] void fail(std::string_view wanted) const;

private:
    friend class JsonObject;
    std::size_t choice_index(const std::vector<std::string_view>& names) const;

    std::shared_ptr<const Place> place_;
};

// An object whose keys are read once each. finish() throws for keys that nobody asked for.
class JsonObject {
public:
    explicit JsonObject(JsonValue self)
        : self_(std::move(self)) {}

    JsonValue required(std::string_view key);
    std::optional<JsonValue> optional(std::string_view key);
    std::vector<std::pair<std::string, JsonValue>>
    members(); // All, for objects whose keys are names.
    void finish() const;
    const JsonValue& self() const { return self_; }

private:
    JsonValue self_;
    std::vector<std::string> asked_;
};

// A file (at most 16 MiB, nesting at most 64, no duplicate keys) or a text, parsed.
class JsonDocument {
public:
    static JsonDocument read_file(const std::string& path, const FilePlace& place = {});
    static JsonDocument parse(std::string_view text, const std::string& name);

    JsonValue root() const { return root_; }

    // The root object with its "$schema" checked against `schema` and its "purpose" passed over.
    JsonObject root_object(std::string_view schema) const;

private:
    explicit JsonDocument(JsonValue root)
        : root_(std::move(root)) {}
    JsonValue root_;
};

// The known name nearest to `name` (edit distance at most a third of its length); empty = none is
// near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

} // namespace profiles
