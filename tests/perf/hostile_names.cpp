// SPDX-License-Identifier: Apache-2.0
// What is asked of DNS, and how TLS and HTTP begin.
#include "tests/perf/hostile_traffic.h"

#include <algorithm>

namespace tests::perf {

using namespace drivers::wire;

namespace {

constexpr std::size_t messages = 40'000;
constexpr std::size_t dns_fixed_bytes = udp_overhead_bytes + 12;
constexpr std::uint32_t usual_names = 1000;

std::string number(std::uint64_t value, int bytes) { // Big-endian
    std::string out;
    for (int i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
    return out;
}

std::string label(const std::string& text) {
    return number(text.size(), 1) + text;
}

std::string letters(std::uint64_t& state, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += static_cast<char>('a' + next_random(state) % 26);
    }
    return out;
}

std::string header(std::uint64_t& state, bool response, int questions, int answers) {
    return number(next_random(state) >> 20U & 0xFFFFU, 2) + number(response ? 0x8180 : 0x0100, 2) +
           number(static_cast<unsigned>(questions), 2) + number(static_cast<unsigned>(answers), 2) +
           number(0, 4);
}

const std::string root_a_in("\0\0\1\0\1", 5);
const std::string a_in("\0\1\0\1", 4);

std::vector<std::byte> query_frame(const std::string& message) {
    return udp_frame(ends_of(0x0A000001, 0x0A800035, 53), message);
}

std::vector<std::byte> answer_frame(const std::string& message) {
    return udp_frame(ends_of(0x0A000001, 0x0A800035, 53).turned(), message);
}

// One of the names that come again, of two to four labels.
std::string usual_name(std::uint64_t& state) {
    std::uint64_t which = 7 + next_random(state) % usual_names;
    std::uint64_t name = which * 0x9E3779B97F4A7C15ULL;
    std::string out = which % 3 == 0 ? label("www") : "";
    out += which % 7 == 0 ? label("eu") : "";
    return out + label(letters(name, 4 + which % 9)) + label("example");
}

// Questions for ordinary names, padded as RFC 7830 has it.
Traffic usual_queries(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    Traffic out;
    for (const std::size_t bytes : frame_bytes) {
        std::string message = header(state, false, 1, 0) + usual_name(state) + root_a_in;
        constexpr std::size_t option_bytes = 15;
        if (message.size() + udp_overhead_bytes + option_bytes <= bytes) {
            const std::size_t padding = bytes - udp_overhead_bytes - option_bytes - message.size();
            message[11] = 1; // Additional records
            message += number(0x0000290FULL, 4) + number(0xA0, 1) + number(0, 4) +
                       number(padding + 4, 2) + number(12, 2) + number(padding, 2) +
                       std::string(padding, '\0');
        }
        out.push_back(query_frame(message));
    }
    return out;
}

std::string a_record(const std::string& name, std::uint32_t address) {
    return name + a_in + number(60, 4) + number(4, 2) + number(address, 4);
}

const std::string to_question("\xC0\x0C", 2);

// Answers with as many addresses as fit, of ordinary names.
Traffic usual_answers(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    Traffic out;
    for (const std::size_t bytes : frame_bytes) {
        const std::string question = usual_name(state) + root_a_in;
        constexpr std::size_t record_bytes = 16;
        const std::size_t room = bytes - std::min(bytes, dns_fixed_bytes + question.size());
        const std::size_t count = std::min<std::size_t>(room / record_bytes, 64);
        std::string message = header(state, true, 1, static_cast<int>(count)) + question;
        for (std::size_t i = 0; i < count; ++i) {
            message += a_record(to_question,
                                0x0A000000U +
                                    static_cast<std::uint32_t>(next_random(state) % usual_names));
        }
        message.resize(std::max(message.size(), bytes - udp_overhead_bytes), '\0');
        out.push_back(answer_frame(message));
    }
    return out;
}

using Message = std::function<std::string(std::uint64_t& state)>;

Traffic messages_of(const Message& message, bool answers) {
    std::uint64_t state = 88172645463325252ULL;
    Traffic out;
    for (std::size_t i = 0; i < messages; ++i) {
        out.push_back(answers ? answer_frame(message(state)) : query_frame(message(state)));
    }
    return out;
}

Contest query(const char* input, const Message& message) {
    return {"DNS queries", input, [message] { return messages_of(message, false); }, usual_queries};
}

Contest answer(const char* input, const Message& message) {
    return {"DNS answers", input, [message] { return messages_of(message, true); }, usual_answers};
}

std::string question(std::uint64_t& state, const std::string& name) {
    return header(state, false, 1, 0) + name + root_a_in;
}

std::string many_labels(std::uint64_t& state) {
    std::string name;
    for (int i = 0; i < 126; ++i) {
        name += label(letters(state, 1));
    }
    return question(state, name);
}

std::string data_labels(std::uint64_t& state) {
    std::string name;
    for (int i = 0; i < 3; ++i) {
        name += label(letters(state, 60));
    }
    return question(state, name + label("tunnel") + label("example"));
}

std::string mixed_case(std::uint64_t& state) {
    std::string name;
    for (int i = 0; i < 11; ++i) {
        name += label(letters(state, 10) + "ABCDEFGHIJ");
    }
    return question(state, name);
}

std::string raw_labels(std::uint64_t& state) { // Four characters each in text
    std::string name;
    for (int i = 0; i < 3; ++i) {
        name += label(random_bytes(state, 63));
    }
    return question(state, name + label("example"));
}

std::string pointed_questions(std::uint64_t& state) {
    std::string out = header(state, false, 8, 0);
    for (int i = 0; i < 4; ++i) {
        out += label(letters(state, 60));
    }
    out += root_a_in;
    for (int i = 0; i < 7; ++i) {
        out += to_question + a_in;
    }
    return out;
}

std::string fresh_addresses(std::uint64_t& state) {
    std::string out =
        header(state, true, 1, 64) + label(letters(state, 10)) + label("example") + root_a_in;
    for (int i = 0; i < 64; ++i) {
        out += a_record(to_question, static_cast<std::uint32_t>(next_random(state) >> 20U));
    }
    return out;
}

// Every answer is named by a chain of pointers to a name of many labels.
std::string pointer_chains(std::uint64_t& state) {
    std::string out = header(state, true, 1, 40);
    for (int i = 0; i < 126; ++i) {
        out += label(letters(state, 1));
    }
    out += root_a_in;
    std::size_t target = 12;
    for (int i = 0; i < 40; ++i) {
        const std::size_t here = out.size();
        out += a_record(number(0xC000U | target, 2), 0x0A000001);
        target = i % 30 == 0 ? 12 : here;
    }
    return out;
}

std::string empty_records(std::uint64_t& state) {
    std::string out = header(state, true, 1, 64) + label(letters(state, 10)) + root_a_in;
    for (int i = 0; i < 64; ++i) {
        out += to_question + number(next_random(state) >> 20U & 0xFFFFU, 2) + number(1, 2) +
               number(0, 4) + number(0, 2);
    }
    return out;
}

std::string counted(const std::string& text, int bytes) {
    return number(text.size(), bytes) + text;
}

std::string hello(const std::string& extensions) {
    const std::string body = number(0x0303, 2) + std::string(32, 'r') + number(0, 1) +
                             counted(number(0x130113021303ULL, 6), 2) + counted(number(0, 1), 1) +
                             counted(extensions, 2);
    return number(1, 1) + counted(body, 3);
}

std::string records(const std::string& handshake) {
    std::string out;
    for (std::size_t at = 0; at < handshake.size(); at += 16'000) {
        out += number(0x160303, 3) + counted(handshake.substr(at, 16'000), 2);
    }
    return out;
}

std::string extension(std::uint16_t kind, const std::string& body) {
    return number(kind, 2) + counted(body, 2);
}

std::string server_name(const std::string& name) {
    return extension(0, counted(number(0, 1) + counted(name, 2), 2));
}

// Connections that each begin with such bytes and go on at random, up to so many in all.
Traffic beginnings(const std::function<std::string(std::uint64_t& state)>& head,
                   std::size_t bytes_each) {
    std::uint64_t state = 88172645463325252ULL;
    Traffic out;
    for (std::uint16_t i = 0; i < 1500; ++i) {
        FrameEnds ends = ends_of(0x0A000001, 0x0A800001, 443);
        ends.source_port = static_cast<std::uint16_t>(10'000 + i);
        Talk talk(ends);
        talk.open(out);
        std::string stream = head(state);
        stream += stream.size() < bytes_each ? random_bytes(state, bytes_each - stream.size()) : "";
        stream.resize(bytes_each);
        for (std::size_t at = 0; at < stream.size(); at += full_payload_bytes) {
            talk.say(out, stream.substr(at, full_payload_bytes));
        }
    }
    return out;
}

Contest head(const char* input, const std::function<std::string(std::uint64_t& state)>& bytes) {
    constexpr std::size_t bytes_each = 16'384;
    return {"TLS and HTTP",
            input,
            [bytes] { return beginnings(bytes, bytes_each); },
            [](const std::vector<std::size_t>&) {
                return beginnings(
                    [](std::uint64_t& state) {
                        return records(hello(server_name(letters(state, 12) + ".example") +
                                             extension(10, counted(number(0x001D0017, 4), 2)) +
                                             extension(21, std::string(380, '\0'))));
                    },
                    bytes_each);
            }};
}

std::string many_extensions(std::uint64_t& state) {
    std::string out;
    for (int i = 0; i < 3900; ++i) {
        out +=
            extension(static_cast<std::uint16_t>(100 + (next_random(state) >> 40U & 0x7FFU)), "");
    }
    return records(hello(out));
}

std::string many_groups(std::uint64_t& state) {
    std::string groups;
    for (int i = 0; i < 7900; ++i) {
        groups += number(next_random(state) >> 20U & 0xFFFFU, 2);
    }
    return records(hello(extension(10, counted(groups, 2))));
}

std::string endless_hello(std::uint64_t& state) {
    return number(0x16030340, 4) + number(0, 1) + number(0x01010000, 4) +
           random_bytes(state, 16'375);
}

std::string repeated(const std::string& text, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
        out += text;
    }
    return out;
}

// A certificate message in which every few bytes claim to be a name, and none is.
std::string names_without_end(std::uint64_t&) {
    const std::string names =
        repeated(std::string("\x06\x03\x55\x04\x03\x0C\x7F", 7) + std::string(93, 'n'), 16'000);
    return records(number(11, 1) + counted(counted(counted(names, 3), 3), 3));
}

std::string empty_messages(std::uint64_t&) {
    return records(repeated(std::string("\x0B\0\0\0", 4), 16'360));
}

std::string small_records(std::uint64_t&) {
    return repeated(std::string("\x16\x03\x03\0\1\x0B", 6), 16'380);
}

std::string header_flood(std::uint64_t& state) {
    std::string out = "GET /" + letters(state, 20) + " HTTP/1.1\r\n";
    while (out.size() < 16'000) {
        out += "h: \n";
    }
    return out;
}

std::string endless_target(std::uint64_t& state) {
    return "GET " + repeated(" HTTP/ ", 16'000) + letters(state, 1);
}

} // namespace

std::vector<Contest> name_contests() {
    return {
        query("a new domain in every query",
              [](std::uint64_t& state) {
                  return question(state, label(letters(state, 12)) + label("example"));
              }),
        query("a new name below one domain",
              [](std::uint64_t& state) {
                  return question(state, label(letters(state, 12)) + label("a") + label("example"));
              }),
        query("names of 126 labels", many_labels),
        query("long labels that look like data", data_labels),
        query("long names in both cases", mixed_case),
        query("labels of bytes that are no text", raw_labels),
        query("eight questions that point at one name", pointed_questions),
        answer("64 new addresses each", fresh_addresses),
        answer("names by chains of pointers", pointer_chains),
        answer("64 empty records of any type", empty_records),
        head("thousands of extensions", many_extensions),
        head("thousands of groups", many_groups),
        head("a hello that does not end", endless_hello),
        head("names without end in a certificate", names_without_end),
        head("thousands of empty messages", empty_messages),
        head("records of one byte", small_records),
        head("thousands of HTTP fields", header_flood),
        head("an HTTP target that does not end", endless_target),
    };
}

} // namespace tests::perf
