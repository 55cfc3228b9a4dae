// SPDX-License-Identifier: Apache-2.0
// The positive control: samples of every writing through the whole path.
#include "bench/egress/canary_search.h"
#include "bench/egress/made_frames.h"
#include "drivers/wire/dns_writer.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <fmt/format.h>
#include <lz4frame.h>

namespace bench::egress {

namespace {

using integrity::CanaryPlace;

struct Sample {
    std::string name;
    std::string bytes;
    std::size_t cut = 0; // Where the first segment ends
    bool dns = false;
};

drivers::wire::FrameEnds ends_of(std::size_t from_port, std::uint16_t to_port) {
    drivers::wire::FrameEnds out;
    out.source = *drivers::wire::parse_ip_address("192.0.2.1"); // TEST-NET-1 (RFC 5737)
    out.destination = *drivers::wire::parse_ip_address("192.0.2.2");
    out.source_port = static_cast<std::uint16_t>(from_port);
    out.destination_port = to_port;
    return out;
}

std::vector<std::byte> dns_query(std::size_t port, const std::string& data) {
    constexpr std::size_t label_max = 60;
    std::string name;
    for (std::size_t at = 0; at < data.size(); at += label_max) {
        name += data.substr(at, label_max) + ".";
    }
    const auto message =
        drivers::wire::write_dns_query(1, name + "example.net", drivers::wire::dns_type_txt);
    return drivers::wire::write_udp_frame(ends_of(port, 53), message);
}

std::string gzipped(const std::string& data, int window_bits) {
    z_stream stream{};
    std::string out(data.size() + 256, '\0');
    std::string in = data;
    if (deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return {};
    }
    stream.next_in = reinterpret_cast<Bytef*>(in.data()); // NOLINT
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data()); // NOLINT
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd_packed(const std::string& data) {
    std::string out(ZSTD_compressBound(data.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 3));
    return out;
}

std::string lz4_packed(const std::string& data) {
    std::string out(LZ4F_compressFrameBound(data.size(), nullptr), '\0');
    out.resize(LZ4F_compressFrame(out.data(), out.size(), data.data(), data.size(), nullptr));
    return out;
}

std::string bytes_text_of(const integrity::CanaryToken& token) {
    std::string out;
    for (const std::byte value : token) {
        out += std::to_integer<char>(value);
    }
    return out;
}

std::string folded(const std::string& text) {
    constexpr std::size_t line = 24; // Cuts every marker
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += line) {
        out += text.substr(at, line) + "\r\n";
    }
    return out;
}

std::vector<Sample> samples(const integrity::CanaryToken& token) {
    std::vector<Sample> out;
    const std::string raw = bytes_text_of(token);
    const std::string around = "Some text that means nothing: ";
    // Behind the token come bytes of the same sector.
    const std::string block = raw + "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c";
    for (const Encoding& encoding : all_encodings()) {
        const std::string& data = encoding.codec == Codec::reversed ? raw : block;
        const std::string text = encoded(encoding, std::as_bytes(std::span(data)));
        const std::size_t cut = text.size() / 5;
        out.push_back({fmt::format("{}, alignment {}", name_of(encoding), encoding.alignment),
                       around + text,
                       around.size() + cut,
                       false});
    }
    for (unsigned key = 1; key < 256; ++key) {
        std::string text = block;
        for (char& letter : text) {
            letter = static_cast<char>(static_cast<unsigned char>(letter) ^ key);
        }
        out.push_back({fmt::format("XOR 0x{:02x}", key), text, 5, false});
    }
    constexpr int gzip_window = 31;
    constexpr int zlib_window = 15;
    const std::string page = around + block + around + around;
    for (const auto& [name, text] : {std::pair("gzip", gzipped(page, gzip_window)),
                                     std::pair("zlib", gzipped(page, zlib_window)),
                                     std::pair("zstd", zstd_packed(page)),
                                     std::pair("lz4", lz4_packed(page))}) {
        out.push_back({name, text, 2, false});
    }
    out.push_back({"gzip in zstd", zstd_packed(gzipped(page, gzip_window)), 30, false});
    const std::string base64 = encoded({Codec::base64}, std::as_bytes(std::span(block)));
    out.push_back({"base64 in folded lines", folded(base64), 30, false});
    const std::string base32 = encoded({Codec::base32_lower}, std::as_bytes(std::span(raw)));
    out.push_back({"DNS labels", base32, base32.size(), true});
    out.push_back({"DNS labels of two queries", base32, 20, true});
    return out;
}

class Sender {
public:
    explicit Sender(const integrity::CanaryKeyFile& key)
        : policy_(profiles::Policy{})
        , search_(key)
        , analysis_(policy_, {.evidence_bytes_max = 0, .content = &search_}) {}

    bool finds(const Sample& sample, std::size_t port, const CanaryPlace& place) {
        const std::string first = sample.bytes.substr(0, sample.cut);
        const std::string second = sample.bytes.substr(sample.cut);
        if (sample.dns) {
            send(dns_query(port, first));
            if (!second.empty()) {
                send(dns_query(port, second));
            }
        } else {
            constexpr std::uint32_t sequence = 100;
            constexpr std::uint8_t flags = drivers::wire::tcp_ack | drivers::wire::tcp_psh;
            const auto after = sequence + static_cast<std::uint32_t>(first.size());
            send_segment(port, {sequence, 1, flags}, first);
            send_segment(port, {after, 1, flags}, second);
        }
        analysis_.finish();
        search_.finish();
        const auto& groups = search_.groups();
        return std::any_of(groups.begin(), groups.end(), [&](const CanaryGroup& group) {
            return group.authentic && group.first == place;
        });
    }

private:
    void send_segment(std::size_t port,
                      const drivers::wire::TcpFields& fields,
                      const std::string& data) {
        send(drivers::wire::write_tcp_frame(
            ends_of(port, 8080), fields, std::as_bytes(std::span(data))));
    }
    void send(const std::vector<std::byte>& frame) { analysis_.frame(frame_of(frame, ++at_)); }

    CompiledPolicy policy_;
    CanarySearch search_;
    Analysis analysis_;
    std::int64_t at_ = 0;
};

} // namespace

CanaryControl run_canary_control(const integrity::CanaryKeyFile& key) {
    // Of a LUN that no run has, so that nobody takes a sample for data.
    CanaryPlace place{.address_bytes = 0x0001020304050600, .lun = 0xFFFFFFFF, .phase = 0xFFFF};
    const integrity::CanaryPlanter planter(key.key, place);
    CanaryControl out;
    std::size_t port = 10'000;
    for (const Sample& sample : samples(planter.token(place.address_bytes))) {
        ++out.planted;
        if (Sender(key).finds(sample, ++port, place)) {
            ++out.found;
        } else {
            out.missed.push_back(sample.name);
        }
    }
    return out;
}

} // namespace bench::egress
