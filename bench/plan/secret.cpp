// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/secret.h"

#include "drivers/api/errors.h"

#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <system_error>

namespace bench::plan {

namespace {

constexpr std::size_t secret_bytes_max = 255;

std::string first_line(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line)) {
        throw drivers::UsageError(fmt::format(
            "secret file {}: cannot be read: {}", file, std::generic_category().message(errno)));
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
        line.pop_back();
    }
    return line;
}

} // namespace

std::string read_secret(const profiles::SecretReference& reference) {
    std::string secret;
    std::string place;
    if (!reference.file.empty()) {
        place = fmt::format("secret file {}", reference.file);
        secret = first_line(reference.file);
    } else {
        place = fmt::format("environment variable {}", reference.environment);
        const char* value = std::getenv(reference.environment.c_str());
        if (value == nullptr) {
            throw drivers::UsageError(fmt::format("{}: not set; wanted a secret", place));
        }
        secret = value;
    }
    if (secret.empty() || secret.size() > secret_bytes_max) {
        throw drivers::UsageError(fmt::format(
            "{}: {} characters; wanted 1 to {}", place, secret.size(), secret_bytes_max));
    }
    return secret;
}

} // namespace bench::plan
