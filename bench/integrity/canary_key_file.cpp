// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/canary_key_file.h"

#include "drivers/api/errors.h"
#include "profiles/strict_json.h"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <openssl/rand.h>

namespace bench::integrity {

namespace {

constexpr std::string_view schema = "arraybench/canary-key/1";
constexpr std::string_view hex_digits = "0123456789abcdef";

CanaryKey key_of(const profiles::JsonValue& value) {
    const std::string text = value.text();
    CanaryKey out{};
    if (text.size() != 2 * out.size() || text.find_first_not_of(hex_digits) != std::string::npos) {
        value.fail("64 lower-case hexadecimal digits");
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t high = hex_digits.find(text[2 * i]);
        out[i] = static_cast<std::byte>(high << 4U | hex_digits.find(text[2 * i + 1]));
    }
    return out;
}

template <typename Number>
std::map<Number, std::string> names_of(const std::optional<profiles::JsonValue>& value) {
    std::map<Number, std::string> out;
    if (!value) {
        return out;
    }
    profiles::JsonObject in = value->object();
    for (const auto& [text, name] : in.members()) {
        Number number = 0;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc{} || read.ptr != end) {
            name.fail("names under whole numbers, like \"1\"");
        }
        out[number] = name.text();
    }
    return out;
}

CanaryKeyFile read(const profiles::JsonDocument& document) {
    profiles::JsonObject in = document.root_object(schema);
    CanaryKeyFile out;
    out.key = key_of(in.required("key"));
    out.luns = names_of<std::uint32_t>(in.optional("luns"));
    out.phases = names_of<std::uint16_t>(in.optional("phases"));
    in.finish();
    return out;
}

} // namespace

CanaryKeyFile read_canary_key(const std::string& path) {
    return read(profiles::JsonDocument::read_file(path));
}

CanaryKeyFile parse_canary_key(std::string_view text, const std::string& name) {
    return read(profiles::JsonDocument::parse(text, name));
}

std::string canary_key_json(const CanaryKeyFile& key) {
    nlohmann::ordered_json out;
    out["$schema"] = schema;
    out["purpose"] = "Who holds this can make canaries and find them: keep it from the array";
    std::string text;
    for (const std::byte value : key.key) {
        text += fmt::format("{:02x}", std::to_integer<unsigned>(value));
    }
    out["key"] = text;
    for (const auto& [number, name] : key.luns) {
        out["luns"][std::to_string(number)] = name;
    }
    for (const auto& [number, name] : key.phases) {
        out["phases"][std::to_string(number)] = name;
    }
    return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

CanaryKey new_canary_key() {
    CanaryKey out{};
    auto* to = reinterpret_cast<unsigned char*>(
        out.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    if (RAND_bytes(to, static_cast<int>(out.size())) != 1) {
        throw drivers::HostError("OpenSSL gives no random bytes");
    }
    return out;
}

void write_canary_key(const std::string& path, const CanaryKeyFile& key) {
    const std::string text = canary_key_json(key);
    constexpr mode_t owner_only = 0600;
    const int out = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, owner_only);
    if (out < 0) {
        throw drivers::UsageError(
            fmt::format("{}: {}; wanted a name for a new file", path, std::strerror(errno)));
    }
    const bool written = write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (close(out) != 0 || !written) {
        throw drivers::HostError(fmt::format("{}: cannot be written", path));
    }
}

void write_new_canary_key(const std::string& path) {
    CanaryKeyFile file;
    file.key = new_canary_key();
    write_canary_key(path, file);
}

} // namespace bench::integrity
