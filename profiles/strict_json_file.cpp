// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/foreign_json_file.h"
#include "profiles/file_error.h"
#include "profiles/strict_json.h"
#include "profiles/units.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <numeric>
#include <sstream>

namespace profiles {

using Json = nlohmann::json;

namespace {

constexpr std::size_t file_bytes_max = 16U << 20U;
constexpr std::size_t nesting_max = 64;
constexpr std::size_t shown_value_bytes_max = 80;

struct Parsed { // NOLINT(bugprone-exception-escape): moving JSON only asserts.
    std::string file;
    Json root;
};

std::string escaped(std::string_view key) { // RFC 6901 section 3
    std::string out;
    for (const char letter : key) {
        if (letter == '~') {
            out += "~0";
        } else if (letter == '/') {
            out += "~1";
        } else {
            out += letter;
        }
    }
    return out;
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < right.size(); ++j) {
            const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row[right.size()];
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
    const std::string near = nearest_name(name, known);
    return near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near);
}

} // namespace

struct JsonValue::Place {
    std::shared_ptr<const Parsed> parsed;
    const Json* value = nullptr;
    std::string pointer;
};

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const std::string& candidate : known) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string JsonValue::dump() const {
    return place_->value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string JsonValue::pointer() const {
    return place_->pointer.empty() ? "/" : place_->pointer;
}

void JsonValue::fail(std::string_view wanted) const {
    std::string shown = dump();
    if (shown.size() > shown_value_bytes_max) {
        shown = shown.substr(0, shown_value_bytes_max) + "...";
    }
    throw FileError(
        fmt::format("{}: {}: {}: wanted {}", place_->parsed->file, pointer(), shown, wanted));
}

bool JsonValue::is_object() const {
    return place_->value->is_object();
}
bool JsonValue::is_array() const {
    return place_->value->is_array();
}
bool JsonValue::is_text() const {
    return place_->value->is_string();
}
bool JsonValue::is_number() const {
    return place_->value->is_number();
}

std::string JsonValue::text() const {
    if (!is_text()) {
        fail("a text");
    }
    return place_->value->get<std::string>();
}

bool JsonValue::flag() const {
    if (!place_->value->is_boolean()) {
        fail("true or false");
    }
    return place_->value->get<bool>();
}

std::uint64_t JsonValue::whole(std::uint64_t least, std::uint64_t most) const {
    if (!place_->value->is_number_unsigned() || place_->value->get<std::uint64_t>() < least ||
        place_->value->get<std::uint64_t>() > most) {
        fail(fmt::format("a whole number from {} to {}", least, most));
    }
    return place_->value->get<std::uint64_t>();
}

double JsonValue::number(double least, double most) const {
    if (!is_number() || place_->value->get<double>() < least ||
        place_->value->get<double>() > most) {
        fail(fmt::format("a number from {} to {}", least, most));
    }
    return place_->value->get<double>();
}

double JsonValue::fraction() const {
    if (is_text()) {
        const std::string written = text();
        double percent = -1;
        char sign = 0;
        char rest = 0;
        std::istringstream in(written);
        if ((in >> percent >> sign) && sign == '%' && !(in >> rest) && percent >= 0 &&
            percent <= 100) {
            return percent / 100;
        }
    } else if (is_number()) {
        const double value = place_->value->get<double>();
        if (value >= 0 && value <= 1) {
            return value;
        }
    }
    fail(R"(a share from 0 to 1, or from "0%" to "100%")");
}

std::uint64_t JsonValue::size_bytes(std::uint64_t least, std::uint64_t most) const {
    const auto bytes = is_text() ? parse_size_bytes(text()) : std::nullopt;
    if (!bytes || *bytes < least || *bytes > most) {
        fail(fmt::format(
            "a size with a unit, like \"4KiB\", from {} to {}", size_text(least), size_text(most)));
    }
    return *bytes;
}

std::chrono::nanoseconds JsonValue::duration(std::chrono::nanoseconds least,
                                             std::chrono::nanoseconds most) const {
    const auto value = is_text() ? parse_duration(text()) : std::nullopt;
    if (!value || *value < least || *value > most) {
        fail(fmt::format("a time with a unit, like \"30s\", from {} to {}",
                         duration_text(least),
                         duration_text(most)));
    }
    return *value;
}

double JsonValue::rate_per_s(double least, double most) const {
    const auto rate = is_text() ? parse_rate_per_s(text()) : std::nullopt;
    if (!rate || *rate < least || *rate > most) {
        fail(fmt::format("a rate with a unit, like \"5000/s\", from {}/s to {}/s", least, most));
    }
    return *rate;
}

std::vector<JsonValue> JsonValue::items() const {
    if (!is_array()) {
        fail("a list");
    }
    std::vector<JsonValue> out;
    for (std::size_t i = 0; i < place_->value->size(); ++i) {
        out.emplace_back(std::make_shared<Place>(Place{
            place_->parsed, &(*place_->value)[i], place_->pointer + "/" + std::to_string(i)}));
    }
    return out;
}

JsonObject JsonValue::object() const {
    if (!is_object()) {
        fail("an object");
    }
    return JsonObject(*this);
}

std::size_t JsonValue::choice_index(const std::vector<std::string_view>& names) const {
    const std::string written = is_text() ? text() : "";
    const auto found = std::find(names.begin(), names.end(), written);
    if (!is_text() || found == names.end()) {
        const std::vector<std::string> known(names.begin(), names.end());
        fail(fmt::format("one of {}{}", fmt::join(names, ", "), did_you_mean(written, known)));
    }
    return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::pair<std::string, JsonValue>> JsonObject::members() {
    std::vector<std::pair<std::string, JsonValue>> out;
    const auto& place = *self_.place_;
    for (const auto& [key, value] : place.value->items()) {
        asked_.push_back(key);
        out.emplace_back(key,
                         JsonValue(std::make_shared<JsonValue::Place>(JsonValue::Place{
                             place.parsed, &value, place.pointer + "/" + escaped(key)})));
    }
    return out;
}

std::optional<JsonValue> JsonObject::optional(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
        asked_.emplace_back(key);
    }
    const auto& place = *self_.place_;
    const auto found = place.value->find(std::string(key));
    if (found == place.value->end()) {
        return std::nullopt;
    }
    return JsonValue(std::make_shared<JsonValue::Place>(
        JsonValue::Place{place.parsed, &*found, place.pointer + "/" + escaped(key)}));
}

JsonValue JsonObject::required(std::string_view key) {
    auto value = optional(key);
    if (!value) {
        throw FileError(fmt::format(
            "{}: {}: the key \"{}\" is missing", self_.place_->parsed->file, self_.pointer(), key));
    }
    return *value;
}

void JsonObject::finish() const {
    const auto& place = *self_.place_;
    for (const auto& [key, value] : place.value->items()) {
        if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
            throw FileError(fmt::format("{}: {}/{}: unknown key{}; known here: {}",
                                        place.parsed->file,
                                        place.pointer,
                                        escaped(key),
                                        did_you_mean(key, asked_),
                                        fmt::join(asked_, ", ")));
        }
    }
}

JsonDocument JsonDocument::parse(std::string_view text, const std::string& name) {
    if (text.size() > file_bytes_max) {
        throw FileError(fmt::format(
            "{}: {} bytes; wanted at most {}", name, text.size(), size_text(file_bytes_max)));
    }
    auto parsed = std::make_shared<Parsed>();
    parsed->file = name;
    try {
        parsed->root = drivers::wire::parse_foreign_json(
            text, {.bytes_max = file_bytes_max, .depth_max = nesting_max});
    } catch (const drivers::wire::JsonError& error) {
        throw FileError(fmt::format("{}: {}", name, error.what()));
    }
    const Json* root = &parsed->root;
    return JsonDocument(JsonValue(
        std::make_shared<JsonValue::Place>(JsonValue::Place{std::move(parsed), root, ""})));
}

namespace {

// As much of a file as is read, and a byte more where it has one.
std::string head_of(std::istream& in) {
    std::string out(file_bytes_max + 1, '\0');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    out.resize(static_cast<std::size_t>(in.gcount()));
    return out;
}

} // namespace

JsonDocument JsonDocument::read_file(const std::string& path, const FilePlace& place) {
    if (!place.is_anywhere()) {
        return parse(head_of(*place.open(path)), path);
    }
    std::error_code ignored;
    if (path.empty() || std::filesystem::is_directory(path, ignored)) {
        throw FileError(path.empty() ? std::string("an empty name: wanted a JSON file")
                                     : path + ": is a folder; wanted a JSON file");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw FileError(
            fmt::format("{}: cannot be read: {}", path, std::generic_category().message(errno)));
    }
    return parse(head_of(in), path);
}

JsonObject JsonDocument::root_object(std::string_view schema) const {
    JsonObject object = root_.object();
    const JsonValue written = object.required("$schema");
    if (written.text() != schema) {
        written.fail(fmt::format("\"{}\"", schema));
    }
    if (const auto purpose = object.optional("purpose")) {
        (void)purpose->text();
    }
    return object;
}

} // namespace profiles
