// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/application.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/packet.h"
#include "drivers/wire/tls.h"

#include <cstdint>

using namespace drivers::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// The first byte chooses the link type; the rest is a frame, and the same bytes are shown to every
// payload reader.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::uint16_t links[] = {1, 9, 12, 101, 0, 108, 113, 276, 228, 229, 7};
    if (size == 0) {
        return 0;
    }
    const Bytes bytes = std::as_bytes(std::span(data + 1, size - 1));
    const Packet packet = decode_frame(bytes,
                                       links[data[0] % std::size(links)],
                                       static_cast<std::uint32_t>(size - 1 + data[0] % 2));
    (void)read_dns(packet.payload);
    (void)read_dns(bytes);
    (void)read_client_hello(bytes);
    (void)read_certificate_names(bytes);
    (void)read_http_request(bytes);
    (void)read_ntp(bytes);
    (void)read_snmp_version(bytes);
    (void)read_syslog(bytes);
    return 0;
}
