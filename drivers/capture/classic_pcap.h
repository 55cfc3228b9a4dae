// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/capture_source.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace drivers::capture {

// Reads classic pcap files (draft-ietf-opsawg-pcap) of either byte order and resolution a large
// piece at a time, frames lying in the piece: no copy and no call per frame. A file that changes
// while it is read can at worst end early.
class ClassicPcap {
public:
    // None: no such file, or not of this format. The caller then asks libpcap, which knows more
    // formats and says what is wrong.
    static std::unique_ptr<ClassicPcap> open(const std::string& path);
    ClassicPcap(const ClassicPcap&) = delete;
    ClassicPcap& operator=(const ClassicPcap&) = delete;
    ~ClassicPcap();

    // Fills in everything but the tap. `out.bytes` holds until the next call.
    Next next(Frame& out);
    const std::string& ended_early() const noexcept { return ended_early_; }

private:
    explicit ClassicPcap(int descriptor);

    bool read_header();
    bool have(std::size_t bytes); // True if that many lie at at_.
    std::uint32_t word(std::size_t offset) const noexcept;

    int descriptor_;
    std::vector<std::byte> piece_;
    std::size_t at_ = 0;
    std::size_t filled_ = 0;
    bool swapped_ = false;
    bool nanoseconds_ = false;
    std::uint16_t link_type_ = 0;
    std::string ended_early_;
};

} // namespace drivers::capture
