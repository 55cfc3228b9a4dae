// SPDX-License-Identifier: Apache-2.0
// Any bytes as fio's I/O log: a trace within its limits or a complaint, and what is written of it
// reads back.
#include "profiles/file_error.h"
#include "profiles/trace/iolog.h"

#include <cstdlib>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace profiles;
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    try {
        const trace::Trace read = trace::parse_iolog(in, "fuzz");
        for (std::size_t i = 0; i < read.records.size(); ++i) {
            const trace::Record& record = read.records[i];
            if (record.device >= read.devices.size() || record.at > trace::time_max ||
                record.offset_bytes > trace::address_max ||
                record.size_bytes > trace::address_max ||
                (i > 0 && record.at < read.records[i - 1].at) ||
                (record.size_bytes == 0) != (record.op == AccessOp::flush)) {
                std::abort();
            }
        }
        std::stringstream again;
        trace::write_iolog(again, read.records, {"lun", 3});
        if (trace::parse_iolog(again, "again").records.size() != read.records.size()) {
            std::abort();
        }
    } catch (const FileError&) {
    }
    return 0;
}
