// SPDX-License-Identifier: Apache-2.0
// Any bytes as headers, additional headers and text: decoding stays within them.
#include "drivers/wire/iscsi_pdu.h"
#include "drivers/wire/iscsi_text.h"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drivers::wire;
    using namespace drivers::wire::iscsi;
    Bytes rest = std::as_bytes(std::span(data, size));
    while (rest.size() >= header_bytes) {
        BasicHeader header;
        std::copy_n(rest.begin(), header_bytes, header.bytes.begin());
        const PduExtent extent = extent_of(header, {(size & 1U) != 0, (size & 2U) != 0});
        if (extent.total() % 4 != 0 || extent.total() < header_bytes) {
            std::abort();
        }
        static_cast<void>(lun_index(header.lun()));
        if (rest.size() < extent.total()) {
            break;
        }
        const auto more = parse_additional_headers(rest.subspan(header_bytes, extent.ahs));
        if (more && more->extended_cdb.size() > extent.ahs) {
            std::abort();
        }
        static_cast<void>(parse_text(rest.subspan(extent.head(), extent.data)));
        rest = rest.subspan(extent.total());
    }
    if (const auto pairs = parse_text(rest)) {
        for (const TextPair& pair : *pairs) {
            static_cast<void>(parse_number(pair.value));
            const auto bytes = parse_binary(pair.value, 64);
            if (bytes && (bytes->size() > 64 || parse_binary(hex_binary(*bytes), 64) != bytes)) {
                std::abort(); // What is written in hexadecimal reads back the same.
            }
        }
    }
    return 0;
}
