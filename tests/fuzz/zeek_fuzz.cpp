// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/findings.h"
#include "bench/egress/zeek_log_file.h"
#include "profiles/file_error.h"

#include <cstdint>
#include <cstdlib>
#include <sstream>

using namespace bench::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: a conn.log, and behind the first zero byte a dns.log. Whatever they hold, the books
// balance.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size); // NOLINT
    const std::size_t cut = std::min(text.find('\0'), size);
    std::istringstream connections(text.substr(0, cut));
    std::istringstream questions(cut < size ? text.substr(cut + 1) : "");
    const CompiledPolicy policy{profiles::Policy{}};
    Analysis analysis(policy, {.flows_max = 16, .evidence_bytes_max = 0, .dns_log_max = 100});
    try {
        read_zeek(&connections, cut < size ? &questions : nullptr, analysis);
    } catch (const profiles::FileError&) {
        return 0;
    }
    analysis.finish();
    if (!analysis.ledger().balances()) {
        std::abort();
    }
    (void)draw_findings(analysis, DetectorSettings{});
    return 0;
}
