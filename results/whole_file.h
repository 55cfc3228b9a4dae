// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace results {

inline constexpr std::uint64_t record_bytes_max = 256ULL << 20U;

// Writes beside the file and renames over it, synced: after a crash the old or the new text is
// there, never half of one. Throws WriteError.
void write_whole_file(const std::string& path, std::string_view text);

// Throws RecordError when the file cannot be read or is larger than `bytes_max`.
std::string read_whole_file(const std::string& path, std::uint64_t bytes_max = record_bytes_max);

// SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

} // namespace results
