// SPDX-License-Identifier: Apache-2.0
// Zeek's conn.log and dns.log, so that detectors can judge a wire faster than this host.
#include "bench/egress/utc.h"
#include "bench/egress/zeek_log_file.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t records_max = 20'000'000;

template <typename Number>
std::optional<Number> number(const std::optional<std::string>& text) {
    Number out = 0;
    if (!text) {
        return std::nullopt;
    }
    const auto read = std::from_chars(text->data(), text->data() + text->size(), out);
    return read.ec == std::errc{} && read.ptr == text->data() + text->size() ? std::optional(out)
                                                                             : std::nullopt;
}

// Seconds with a fraction, to the nanosecond.
std::optional<std::int64_t> seconds_ns(const std::optional<std::string>& text) {
    constexpr std::int64_t seconds_max = 4'000'000'000;
    if (!text) {
        return std::nullopt;
    }
    const std::size_t dot = std::min(text->find('.'), text->size());
    const auto whole = number<std::int64_t>(text->substr(0, dot));
    if (!whole || *whole < 0 || *whole > seconds_max) {
        return parse_utc(*text);
    }
    std::string digits = dot < text->size() ? text->substr(dot + 1) : "0";
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    digits.resize(9, '0');
    return *whole * 1'000'000'000 + *number<std::int64_t>(digits);
}

std::uint8_t protocol_of(const std::string& name, const IpAddress& address) {
    if (name == "tcp") {
        return protocol_tcp;
    }
    if (name == "udp") {
        return protocol_udp;
    }
    if (name == "icmp") {
        return address.family == 6 ? protocol_icmp6 : protocol_icmp;
    }
    return name == "sctp" ? protocol_sctp : std::uint8_t{255};
}

struct Ends {
    Packet packet; // From the originator
    std::int64_t at_ns = 0;
};

// Of the fields that both logs begin with: ts, id.orig_h, id.orig_p, id.resp_h, id.resp_p, proto.
std::optional<Ends> ends_of(const ZeekRow& row) {
    const auto at_ns = seconds_ns(row[0]);
    const auto from = parse_ip_address(row[1].value_or(""));
    const auto to = parse_ip_address(row[3].value_or(""));
    const auto from_port = number<std::uint16_t>(row[2]);
    const auto to_port = number<std::uint16_t>(row[4]);
    if (!at_ns || !from || !to || !from_port || !to_port || !row[5]) {
        return std::nullopt;
    }
    Ends out;
    out.at_ns = *at_ns;
    out.packet.source = *from;
    out.packet.destination = *to;
    out.packet.source_port = *from_port;
    out.packet.destination_port = *to_port;
    out.packet.protocol = protocol_of(*row[5], *from);
    return out;
}

std::optional<FlowRecord> connection_of(const ZeekRow& row) {
    auto ends = ends_of(row);
    if (!ends) {
        return std::nullopt;
    }
    ends->packet.vlan = number<std::uint16_t>(row[13]).value_or(0);
    if (const auto inner = number<std::uint16_t>(row[14])) {
        ends->packet.vlan_outer = ends->packet.vlan;
        ends->packet.vlan = *inner;
    }
    const KeyedEnd keyed = key_of(ends->packet);
    FlowRecord out;
    out.key = keyed.key;
    out.initiator = keyed.sender == 0 ? Initiator::first_end : Initiator::second_end;
    out.first_ns = ends->at_ns;
    out.last_ns = ends->at_ns + seconds_ns(row[6]).value_or(0);
    const auto count = [&row](std::size_t field) {
        constexpr std::uint64_t count_max = 1ULL << 56U;
        return std::min(number<std::uint64_t>(row[field]).value_or(0), count_max);
    };
    const std::size_t from = keyed.sender;
    out.payload_bytes[from] = count(7);
    out.payload_bytes[1 - from] = count(8);
    out.packets[from] = count(9);
    out.packets[1 - from] = count(11);
    // With headers where Zeek counted them, else what the payloads came to.
    out.bytes[from] = row[10] ? count(10) : count(7);
    out.bytes[1 - from] = row[12] ? count(12) : count(8);
    return out;
}

struct Question {
    Ends ends;
    DnsMessage query;
    DnsMessage answer;
    bool answered = false;
};

DnsAnswer answer_of(const std::string& text) {
    DnsAnswer out;
    if (const auto address = parse_ip_address(text)) {
        out.address = *address;
        out.type = address->family == 4 ? dns_type_a : dns_type_aaaa;
        out.data_bytes = address->family == 4 ? 4 : 16;
        return out;
    }
    constexpr std::string_view txt = "TXT ";
    const bool is_text = text.rfind(txt, 0) == 0;
    out.type = is_text ? dns_type_txt : dns_type_cname;
    out.data_bytes = static_cast<std::uint32_t>(text.size() - (is_text ? txt.size() : 0));
    return out;
}

std::optional<Question> question_of(const ZeekRow& row) {
    auto ends = ends_of(row);
    if (!ends) {
        return std::nullopt;
    }
    Question out;
    out.ends = *ends;
    out.query.id = number<std::uint16_t>(row[6]).value_or(0);
    std::string name = row[7].value_or("");
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
    });
    name.resize(std::min<std::size_t>(name.size(), 1024));
    out.query.questions.push_back({name, number<std::uint16_t>(row[8]).value_or(0)});
    std::size_t label = 0;
    for (const char letter : name) {
        label = letter == '.' ? 0 : label + 1;
        out.query.longest_label_bytes =
            std::max(out.query.longest_label_bytes,
                     static_cast<std::uint8_t>(std::min<std::size_t>(label, 63)));
    }
    out.answered = row[9].has_value();
    out.answer = out.query;
    out.answer.response = true;
    out.answer.code = number<std::uint8_t>(row[9]).value_or(0);
    const std::string answers = row[10].value_or("");
    constexpr std::size_t answers_max = 64;
    for (std::size_t at = 0; at < answers.size() && out.answer.answers.size() < answers_max;) {
        const std::size_t end = std::min(answers.find(',', at), answers.size());
        out.answer.answers.push_back(answer_of(answers.substr(at, end - at)));
        at = end + 1;
    }
    return out;
}

const std::vector<std::string>& conn_fields() {
    static const std::vector<std::string> fields{"ts",
                                                 "id.orig_h",
                                                 "id.orig_p",
                                                 "id.resp_h",
                                                 "id.resp_p",
                                                 "proto",
                                                 "duration",
                                                 "orig_bytes",
                                                 "resp_bytes",
                                                 "orig_pkts",
                                                 "orig_ip_bytes",
                                                 "resp_pkts",
                                                 "resp_ip_bytes",
                                                 "vlan",
                                                 "inner_vlan"};
    return fields;
}

const std::vector<std::string>& dns_fields() {
    static const std::vector<std::string> fields{"ts",
                                                 "id.orig_h",
                                                 "id.orig_p",
                                                 "id.resp_h",
                                                 "id.resp_p",
                                                 "proto",
                                                 "trans_id",
                                                 "query",
                                                 "qtype",
                                                 "rcode",
                                                 "answers"};
    return fields;
}

struct LogForm {
    const char* name;
    const std::vector<std::string>& fields;
};

template <typename Record, typename Make>
std::vector<Record>
read_all(std::istream& in, const LogForm& form, const Make& make, ZeekCounts& counts) {
    constexpr std::size_t required = 6;
    std::vector<Record> out;
    ZeekLog log(in, form.name, form.fields, required);
    ZeekRow row;
    while (log.next(row)) {
        auto record = make(row);
        if (!record) {
            log.count_bad_line();
        } else if (out.size() >= records_max) {
            ++counts.left_out;
        } else {
            out.push_back(std::move(*record));
        }
    }
    counts.bad_lines += log.bad_lines();
    return out;
}

void feed(const Question& question, Analysis& analysis) {
    analysis.dns_record(question.query, question.ends.packet, question.ends.at_ns);
    if (!question.answered) {
        return;
    }
    Packet back = question.ends.packet;
    std::swap(back.source, back.destination);
    std::swap(back.source_port, back.destination_port);
    analysis.dns_record(question.answer, back, question.ends.at_ns);
}

} // namespace

std::ifstream open_zeek_log(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw profiles::FileError(fmt::format("{}: cannot be read; wanted a Zeek log", path));
    }
    return in;
}

ZeekCounts read_zeek(std::istream* conn_log, std::istream* dns_log, Analysis& analysis) {
    ZeekCounts counts;
    std::vector<FlowRecord> connections;
    std::vector<Question> questions;
    if (conn_log != nullptr) {
        connections =
            read_all<FlowRecord>(*conn_log, {"conn.log", conn_fields()}, connection_of, counts);
    }
    if (dns_log != nullptr) {
        questions = read_all<Question>(*dns_log, {"dns.log", dns_fields()}, question_of, counts);
    }
    counts.connections = connections.size();
    counts.questions = questions.size();
    // Zeek writes connections as they end.
    std::stable_sort(connections.begin(),
                     connections.end(),
                     [](const FlowRecord& left, const FlowRecord& right) {
                         return left.first_ns < right.first_ns;
                     });
    std::stable_sort(
        questions.begin(), questions.end(), [](const Question& left, const Question& right) {
            return left.ends.at_ns < right.ends.at_ns;
        });
    std::size_t asked = 0;
    for (const FlowRecord& connection : connections) {
        for (; asked < questions.size() && questions[asked].ends.at_ns < connection.first_ns;
             ++asked) {
            feed(questions[asked], analysis);
        }
        analysis.flow_record(connection);
    }
    for (; asked < questions.size(); ++asked) {
        feed(questions[asked], analysis);
    }
    return counts;
}

} // namespace bench::egress
