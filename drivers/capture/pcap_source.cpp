// SPDX-License-Identifier: Apache-2.0
#include "drivers/capture/pcap_source.h"

#include "drivers/api/errors.h"
#include "drivers/capture/classic_pcap.h"
#include "drivers/capture/interface_drops.h"

#include <poll.h>

#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <vector>

namespace drivers::capture {

namespace {

constexpr std::size_t file_buffer_bytes = 4U << 20U;
constexpr int block_wait_ms = 10; // How long TPACKET_V3 may hold a block back.

struct ClosePcap {
    void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};
using Pcap = std::unique_ptr<pcap_t, ClosePcap>;

void check(int code, pcap_t* pcap, const std::string& interface) {
    if (code < 0) {
        throw HostError(fmt::format(
            "capture on {}: {} ({})", interface, pcap_statustostr(code), pcap_geterr(pcap)));
    }
}

// Classic BPF as the kernel runs it: the number returned is how much of a frame is kept.
std::vector<bpf_insn> keep_headers_only(const std::vector<std::uint16_t>& ports, int whole_bytes) {
    constexpr bpf_u_int32 header_bytes = 192; // Ethernet, IP and TCP with all options.
    const auto count = static_cast<unsigned>(ports.size());
    const unsigned whole = 7 + 2 * count; // Where the two returns stand.
    const unsigned cut = whole + 1;
    std::vector<bpf_insn> out;
    const auto add = [&](int code, bpf_u_int32 value) {
        out.push_back({static_cast<u_short>(code), 0, 0, value});
    };
    const auto jump = [&](bpf_u_int32 value, bool to_cut) { // Else on to the next, or to `whole`.
        const auto next = static_cast<unsigned>(out.size()) + 1;
        out.push_back({BPF_JMP | BPF_JEQ | BPF_K,
                       static_cast<u_char>(to_cut ? cut - next : 0),
                       static_cast<u_char>(to_cut ? 0 : whole - next),
                       value});
    };
    add(BPF_LD | BPF_H | BPF_ABS, 12);
    jump(0x0800, false);
    add(BPF_LD | BPF_B | BPF_ABS, 23);
    jump(6, false);
    add(BPF_LDX | BPF_B | BPF_MSH, 14);
    for (const bpf_u_int32 port_at : {14U, 16U}) {
        add(BPF_LD | BPF_H | BPF_IND, port_at);
        for (const std::uint16_t port : ports) {
            jump(port, true);
        }
    }
    add(BPF_RET | BPF_K, static_cast<bpf_u_int32>(whole_bytes));
    add(BPF_RET | BPF_K, header_bytes);
    return out;
}

} // namespace

struct PcapSource::Handle {
    std::vector<char> buffer; // stdio's, and so destroyed after the capture that reads through it.
    Pcap pcap;
    std::unique_ptr<ClassicPcap> classic;  // Instead of libpcap, where the format allows.
    std::unique_ptr<InterfaceDrops> drops; // Of a live one
    bool live = false;
    bool nanoseconds = true;
    std::uint16_t link_type = 0;
    std::uint16_t tap = 0;
};

PcapSource::PcapSource(std::unique_ptr<Handle> handle)
    : handle_(std::move(handle)) {
    if (handle_->classic) {
        return;
    }
    handle_->link_type = static_cast<std::uint16_t>(pcap_datalink(handle_->pcap.get()));
    handle_->nanoseconds =
        pcap_get_tstamp_precision(handle_->pcap.get()) == PCAP_TSTAMP_PRECISION_NANO;
}

PcapSource::~PcapSource() = default;

std::unique_ptr<PcapSource> PcapSource::open_file(const std::string& path, std::uint16_t tap) {
    auto handle = std::make_unique<Handle>();
    handle->tap = tap;
    handle->classic = ClassicPcap::open(path);
    if (handle->classic) {
        return std::unique_ptr<PcapSource>(new PcapSource(std::move(handle)));
    }
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        throw UsageError(fmt::format("{}: cannot be read; wanted a pcap or pcapng file", path));
    }
    handle->buffer.resize(file_buffer_bytes);
    std::setvbuf(file, handle->buffer.data(), _IOFBF, handle->buffer.size());
    handle->pcap.reset(
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error.data()));
    if (!handle->pcap) {
        std::fclose(file);
        throw UsageError(fmt::format("{}: {}; wanted a pcap or pcapng file", path, error.data()));
    }
    return std::unique_ptr<PcapSource>(new PcapSource(std::move(handle)));
}

std::unique_ptr<PcapSource> PcapSource::open_live(const LiveSettings& settings) {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    auto handle = std::make_unique<Handle>();
    handle->tap = settings.tap;
    handle->live = true;
    handle->pcap.reset(pcap_create(settings.interface.c_str(), error.data()));
    if (!handle->pcap) {
        throw HostError(fmt::format("capture on {}: {}", settings.interface, error.data()));
    }
    handle->drops = std::make_unique<InterfaceDrops>(settings.interface);
    pcap_t* pcap = handle->pcap.get();
    check(pcap_set_snaplen(pcap, settings.snapshot_bytes), pcap, settings.interface);
    check(pcap_set_promisc(pcap, settings.promiscuous ? 1 : 0), pcap, settings.interface);
    check(pcap_set_timeout(pcap, block_wait_ms), pcap, settings.interface);
    check(pcap_set_buffer_size(pcap, settings.buffer_bytes), pcap, settings.interface);
    (void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO); // Not offered everywhere.
    check(pcap_activate(pcap), pcap, settings.interface);
    if (!settings.header_only_ports.empty() && pcap_datalink(pcap) == DLT_EN10MB) {
        constexpr std::size_t ports_max = 32; // Jumps reach 255 instructions far.
        if (settings.header_only_ports.size() > ports_max) {
            throw UsageError(fmt::format(
                "capture on {}: more than {} storage ports", settings.interface, ports_max));
        }
        auto program = keep_headers_only(settings.header_only_ports, settings.snapshot_bytes);
        bpf_program filter{static_cast<u_int>(program.size()), program.data()};
        check(pcap_setfilter(pcap, &filter), pcap, settings.interface);
    }
    if (pcap_setnonblock(pcap, 1, error.data()) < 0) {
        throw HostError(fmt::format("capture on {}: {}", settings.interface, error.data()));
    }
    return std::unique_ptr<PcapSource>(new PcapSource(std::move(handle)));
}

int PcapSource::descriptor() const noexcept {
    return handle_->live ? pcap_get_selectable_fd(handle_->pcap.get()) : -1;
}

Next PcapSource::next(Frame& out, TimePoint deadline) {
    if (handle_->classic) {
        const Next state = handle_->classic->next(out);
        out.tap = handle_->tap;
        counts_.frames += state == Next::frame ? 1U : 0U;
        counts_.bytes += state == Next::frame ? out.wire_bytes : 0U;
        if (state == Next::end) {
            ended_early_ = handle_->classic->ended_early();
        }
        return state;
    }
    pcap_t* pcap = handle_->pcap.get();
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    int code = pcap_next_ex(pcap, &header, &bytes);
    if (code == 0 && handle_->live) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd wait{pcap_get_selectable_fd(pcap), POLLIN, 0};
        if (left.count() > 0 && poll(&wait, 1, static_cast<int>(left.count())) > 0) {
            code = pcap_next_ex(pcap, &header, &bytes);
        }
    }
    if (code == 0) {
        return Next::idle;
    }
    if (code < 0) {
        if (code != PCAP_ERROR_BREAK) {
            ended_early_ = pcap_geterr(pcap);
        }
        return Next::end;
    }
    const std::int64_t fraction = header->ts.tv_usec;
    out.at = std::chrono::sys_time<std::chrono::nanoseconds>(
        std::chrono::seconds(header->ts.tv_sec) +
        std::chrono::nanoseconds(handle_->nanoseconds ? fraction : fraction * 1000));
    out.tap = handle_->tap;
    out.link_type = handle_->link_type;
    out.wire_bytes = header->len;
    out.bytes = std::as_bytes(std::span(bytes, header->caplen));
    counts_.frames += 1;
    counts_.bytes += header->len;
    return Next::frame;
}

CaptureCounts PcapSource::counts() const noexcept {
    CaptureCounts out = counts_;
    pcap_stat statistics{};
    if (handle_->live && pcap_stats(handle_->pcap.get(), &statistics) == 0) {
        // Not ps_ifdrop: libpcap opens files for it, and where it may not it counts backwards.
        out.dropped = statistics.ps_drop + handle_->drops->count();
    }
    return out;
}

} // namespace drivers::capture
