// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_token.h"

#include <map>
#include <string>

namespace bench::integrity {

// A canary key as it is kept in a file, with the names that its numbers stand for.
struct CanaryKeyFile {
    CanaryKey key{};
    std::map<std::uint32_t, std::string> luns;
    std::map<std::uint16_t, std::string> phases;
};

// Throws profiles::FileError.
CanaryKeyFile read_canary_key(const std::string& path);
CanaryKeyFile parse_canary_key(std::string_view text, const std::string& name);

std::string canary_key_json(const CanaryKeyFile& key);

// From the operating system's source of randomness. Throws HostError if it fails.
CanaryKey new_canary_key();

// Written so that only its owner can read them; throw UsageError if the file exists.
void write_canary_key(const std::string& path, const CanaryKeyFile& key);
void write_new_canary_key(const std::string& path);

} // namespace bench::integrity
