// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/capture_source.h"

#include <memory>
#include <string>
#include <vector>

namespace drivers::capture {

struct LiveSettings {
    std::string interface;
    int buffer_bytes = 64 << 20; // The kernel's ring (TPACKET_V3)
    int snapshot_bytes =
        262144; // Storage sessions need headers only: a smaller number keeps more of them.
    // TCP at these ports over IPv4 is cut after its headers: what a storage session carries is not
    // looked at, and copying it would cost what the load needs.
    std::vector<std::uint16_t> header_only_ports;
    bool promiscuous = true;
    std::uint16_t tap = 0;
};

// A capture file (pcap or pcapng, micro- or nanosecond) or a live interface behind one face, read
// by libpcap.
class PcapSource final : public CaptureSource {
public:
    // Throws UsageError (a file that cannot be read or is no capture), HostError (no permission, no
    // such interface).
    static std::unique_ptr<PcapSource> open_file(const std::string& path, std::uint16_t tap = 0);
    static std::unique_ptr<PcapSource> open_live(const LiveSettings& settings);
    ~PcapSource() override;

    Next next(Frame& out, TimePoint deadline) override;
    CaptureCounts counts() const noexcept override;

    // Why reading ended before the end of the file; empty = it did not.
    const std::string& ended_early() const noexcept { return ended_early_; }
    int descriptor() const noexcept; // For waiting; -1 for files.

private:
    struct Handle;
    explicit PcapSource(std::unique_ptr<Handle> handle);

    std::unique_ptr<Handle> handle_;
    CaptureCounts counts_{};
    std::string ended_early_;
};

} // namespace drivers::capture
