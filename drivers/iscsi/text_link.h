// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/wire/iscsi_pdu.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace drivers::iscsi {

struct TextPdu {
    wire::iscsi::BasicHeader header;
    std::string text;
};

// One connection for logins and texts, PDU by PDU, each call bounded by the one deadline. Throws
// ArrayError: no connection, the end of it, the deadline, or what is no PDU.
class TextLink {
public:
    TextLink(const std::string& portal, const Clock& clock, TimePoint deadline);
    ~TextLink();
    TextLink(const TextLink&) = delete;
    TextLink& operator=(const TextLink&) = delete;

    void send(wire::iscsi::BasicHeader header, std::string_view text);
    TextPdu receive();

    void use_header_digests() noexcept { digests_.header = true; } // From the next PDU on.

private:
    void wait_for(short events);
    void send_all(wire::Bytes bytes);
    void receive_all(wire::MutableBytes bytes);

    const Clock& clock_;
    TimePoint deadline_;
    wire::iscsi::Digests digests_;
    int fd_ = -1;
};

} // namespace drivers::iscsi
