// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/canary_key_file.h"
#include "profiles/file_error.h"

#include <cstdint>
#include <cstdlib>

using namespace bench::integrity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: a key's file. What is taken says the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        const CanaryKeyFile key = parse_canary_key(text, "key");
        const CanaryKeyFile again = parse_canary_key(canary_key_json(key), "key");
        if (again.key != key.key || again.luns != key.luns || again.phases != key.phases) {
            std::abort();
        }
    } catch (const profiles::FileError&) {
        return 0;
    }
    return 0;
}
