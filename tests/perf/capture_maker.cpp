// SPDX-License-Identifier: Apache-2.0
// Writes a large capture for speed measurements: capture_maker FILE FRAMES PAYLOAD_BYTES FLOWS
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::uint64_t next(std::uint64_t& state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    return state ^= state << 17U;
}

void put(std::string& out, std::uint64_t value, int bytes) { // Big-endian
    for (int i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
}

std::uint64_t sum_of(const std::string& data, std::size_t from, std::uint64_t sum) {
    for (std::size_t i = from; i < data.size(); i += 2) {
        const auto high = static_cast<unsigned char>(data[i]);
        const auto low = i + 1 < data.size() ? static_cast<unsigned char>(data[i + 1]) : 0;
        sum += static_cast<std::uint64_t>(high << 8 | low);
    }
    while (sum >> 16U != 0) {
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return sum;
}

void store(std::string& data, std::size_t at, std::uint64_t value) {
    data[at] = static_cast<char>(value >> 8U & 0xFFU);
    data[at + 1] = static_cast<char>(value & 0xFFU);
}

struct Flow {
    std::uint32_t client;
    std::uint32_t server;
    std::uint16_t port;
    std::uint16_t service;
    bool udp;
    std::array<std::uint32_t, 2> sequence{1, 1};
    std::uint32_t frames = 0;
};

// Ethernet, IPv4, and a TCP connection that begins with a handshake, or UDP; right checksums.
std::string frame_of(Flow& flow, const std::string& noise, std::size_t payload_bytes) {
    const std::uint32_t number = flow.frames++;
    const bool back = number % 2 == 1;
    const bool handshake = !flow.udp && number < 3;
    const std::size_t length = handshake ? 0 : payload_bytes;
    std::string out("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00", 14);
    const std::size_t ip = out.size();
    put(out, 0x45000000U + (flow.udp ? 28U : 40U) + length, 4);
    put(out, number, 2);
    put(out, 0x4000, 2);
    put(out, flow.udp ? 0x4011 : 0x4006, 2);
    put(out, 0, 2);
    put(out, back ? flow.server : flow.client, 4);
    put(out, back ? flow.client : flow.server, 4);
    store(out, ip + 10, ~sum_of(out, ip, 0));
    const std::size_t transport = out.size();
    put(out, back ? flow.service : flow.port, 2);
    put(out, back ? flow.port : flow.service, 2);
    if (flow.udp) {
        put(out, 8 + length, 2);
        put(out, 0, 2);
    } else {
        put(out, flow.sequence[back ? 1 : 0], 4);
        put(out, flow.sequence[back ? 0 : 1], 4);
        put(out, number == 0 ? 0x5002 : number == 1 ? 0x5012 : 0x5018, 2);
        put(out, 0xFFFF0000, 4);
        put(out, 0, 2);
        flow.sequence[back ? 1 : 0] +=
            handshake ? (number < 2 ? 1U : 0U) : static_cast<std::uint32_t>(length);
    }
    out.append(noise, number % 64, length);
    const std::uint64_t pseudo = (flow.client >> 16U) + (flow.client & 0xFFFFU) +
                                 (flow.server >> 16U) + (flow.server & 0xFFFFU) +
                                 (flow.udp ? 17U : 6U) + (out.size() - transport);
    store(out, transport + (flow.udp ? 6 : 16), ~sum_of(out, transport, pseudo));
    return out;
}

void put_native(std::string& out, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
}

// draft-ietf-opsawg-pcap section 4, nanoseconds
std::string classic_header() {
    std::string out;
    for (const std::uint32_t word : {0xA1B23C4DU, 0x00040002U, 0U, 0U, 262144U, 1U}) {
        put_native(out, word);
    }
    return out;
}

std::string classic_record(std::uint64_t at_us, const std::string& frame) {
    std::string out;
    put_native(out, static_cast<std::uint32_t>(at_us / 1'000'000U));
    put_native(out, static_cast<std::uint32_t>(at_us % 1'000'000U * 1000U));
    put_native(out, static_cast<std::uint32_t>(frame.size()));
    put_native(out, static_cast<std::uint32_t>(frame.size()));
    return out + frame;
}

// draft-ietf-opsawg-pcapng sections 4.1, 4.2 and 4.3: microseconds
std::string block(std::uint32_t type, const std::string& body) {
    std::string out;
    const auto length = static_cast<std::uint32_t>(12 + (body.size() + 3) / 4 * 4);
    put_native(out, type);
    put_native(out, length);
    out += body;
    out.resize(length - 4, '\0');
    put_native(out, length);
    return out;
}

std::string next_generation_header() {
    std::string section;
    for (const std::uint32_t word : {0x1A2B3C4DU, 1U, 0xFFFFFFFFU, 0xFFFFFFFFU}) {
        put_native(section, word);
    }
    std::string interface;
    put_native(interface, 1); // Ethernet
    put_native(interface, 262144);
    return block(0x0A0D0D0AU, section) + block(1, interface);
}

std::string next_generation_record(std::uint64_t at_us, const std::string& frame) {
    std::string body;
    put_native(body, 0);
    put_native(body, static_cast<std::uint32_t>(at_us >> 32U));
    put_native(body, static_cast<std::uint32_t>(at_us & 0xFFFFFFFFU));
    put_native(body, static_cast<std::uint32_t>(frame.size()));
    put_native(body, static_cast<std::uint32_t>(frame.size()));
    return block(6, body + frame);
}

std::vector<Flow> make_flows(std::uint64_t count, std::uint64_t& state) {
    std::vector<Flow> out;
    out.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t value = next(state);
        out.push_back({static_cast<std::uint32_t>(0x0A000000U + (i & 0xFFFFU)),
                       static_cast<std::uint32_t>(0x0A800000U + (i >> 16U) * 8 + value % 8),
                       static_cast<std::uint16_t>(1024 + value / 8 % 60000),
                       static_cast<std::uint16_t>(value % 5 == 0 ? 9999 : 3260),
                       value % 5 == 0});
    }
    return out;
}

} // namespace

int main(int count, char** arguments) {
    const std::string form = count == 6 ? arguments[5] : "";
    if (count < 5 || count > 6 || (count == 6 && form != "pcapng" && form != "each")) {
        std::fputs("usage: capture_maker FILE FRAMES PAYLOAD_BYTES FLOWS [pcapng | each]\n"
                   "each: the flows take turns instead of speaking by chance\n",
                   stderr);
        return 2;
    }
    const bool next_generation = form == "pcapng";
    const auto frames = std::strtoull(arguments[2], nullptr, 10);
    const auto payload_bytes = std::strtoull(arguments[3], nullptr, 10);
    const auto flows = std::strtoull(arguments[4], nullptr, 10);
    std::FILE* file = std::fopen(arguments[1], "wb");
    if (file == nullptr || flows == 0) {
        return 5;
    }
    std::uint64_t state = 88172645463325252ULL;
    std::string noise;
    for (std::size_t i = 0; i < payload_bytes + 64; ++i) {
        noise += static_cast<char>(next(state) >> 32U);
    }
    std::vector<Flow> table = make_flows(flows, state);
    const std::string header = next_generation ? next_generation_header() : classic_header();
    std::fwrite(header.data(), 1, header.size(), file);
    for (std::uint64_t i = 0; i < frames; ++i) {
        Flow& flow = table[form == "each" ? i % flows : next(state) % flows];
        const std::string frame = frame_of(flow, noise, payload_bytes);
        const std::uint64_t at_us = 1'700'000'000'000'000U + i;
        const std::string record =
            next_generation ? next_generation_record(at_us, frame) : classic_record(at_us, frame);
        std::fwrite(record.data(), 1, record.size(), file);
    }
    return std::fclose(file) == 0 ? 0 : 5;
}
