// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/ledger.h"

namespace bench::egress {

namespace {

void operator+=(Tally& sum, const Tally& term) noexcept {
    sum.frames += term.frames;
    sum.bytes += term.bytes;
}

} // namespace

Tally Ledger::allowed() const noexcept {
    Tally sum;
    for (const Tally& tally : allowed_) {
        sum += tally;
    }
    return sum;
}

Tally Ledger::undecoded() const noexcept {
    Tally sum;
    for (const Tally& tally : undecoded_) {
        sum += tally;
    }
    return sum;
}

bool Ledger::balances() const noexcept {
    Tally sum = allowed();
    sum += unlisted_;
    sum += undecoded();
    return sum == captured_;
}

const char* undecoded_text(drivers::wire::Undecoded why) noexcept {
    using drivers::wire::Undecoded;
    switch (why) {
    case Undecoded::none:
        return "decoded";
    case Undecoded::unknown_link:
        return "unknown link type";
    case Undecoded::short_frame:
        return "ends inside a header";
    case Undecoded::bad_header:
        return "header contradicts itself";
    case Undecoded::bad_length:
        return "length reaches past the frame";
    case Undecoded::unknown_ether_type:
        return "unknown EtherType";
    case Undecoded::unknown_protocol:
        return "unknown IP protocol";
    case Undecoded::too_many_layers:
        return "too many layers";
    }
    return "?";
}

} // namespace bench::egress
