// SPDX-License-Identifier: Apache-2.0
// Any bytes as blkparse's text: a trace within its limits or a complaint.
#include "profiles/file_error.h"
#include "profiles/trace/blkparse.h"

#include <cstdlib>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace profiles;
    for (const trace::Event event : {trace::Event::queued, trace::Event::issued}) {
        std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
        try {
            for (const trace::Trace read = trace::parse_blkparse(in, "fuzz", event);
                 const trace::Record& record : read.records) {
                if (record.device >= read.devices.size() || record.at > trace::time_max ||
                    record.at < Duration(0) || record.offset_bytes > trace::address_max ||
                    record.size_bytes > trace::address_max ||
                    (record.size_bytes == 0) != (record.op == AccessOp::flush)) {
                    std::abort();
                }
            }
        } catch (const FileError&) {
        }
    }
    return 0;
}
