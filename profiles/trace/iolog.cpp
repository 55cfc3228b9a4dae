// SPDX-License-Identifier: Apache-2.0
#include "profiles/trace/iolog.h"

#include "profiles/trace/line_reader.h"

#include <array>
#include <fmt/format.h>
#include <optional>

namespace profiles::trace {

namespace {

struct Action {
    std::string_view name;
    AccessOp op;
};

// fio(1), "Trace file format": actions on a file that move data or sync it.
constexpr std::array actions{Action{"read", AccessOp::read},
                             Action{"write", AccessOp::write},
                             Action{"trim", AccessOp::unmap},
                             Action{"sync", AccessOp::flush},
                             Action{"datasync", AccessOp::flush},
                             Action{"syncfs", AccessOp::flush},
                             Action{"sync_file_range", AccessOp::flush}};

std::optional<AccessOp> access_of(std::string_view action) {
    for (const Action& one : actions) {
        if (one.name == action) {
            return one.op;
        }
    }
    return std::nullopt;
}

const char* name_of(AccessOp op) {
    switch (op) {
    case AccessOp::read:
    case AccessOp::compare:
        return "read";
    case AccessOp::unmap:
        return "trim";
    case AccessOp::flush:
        return "sync";
    default:
        return "write"; // Zeroes too: fio has no word of its own for them.
    }
}

class IologReader {
public:
    IologReader(LineReader& lines, std::size_t first)
        : lines_(lines)
        , first_(first) {}

    // first_: where the file's name stands, behind the time of version 3.
    void read_line() {
        const auto words = lines_.words();
        if (words.size() != first_ + 2 && words.size() != first_ + 4) {
            lines_.fail(first_ == 0 ? "FILE ACTION or FILE ACTION OFFSET LENGTH"
                                    : "TIME FILE ACTION or TIME FILE ACTION OFFSET LENGTH");
        }
        if (first_ == 1) {
            at_ = microseconds(0);
        }
        const std::string_view action = words[first_ + 1];
        if (words.size() == first_ + 2) {
            if (action != "add" && action != "open" && action != "close") {
                lines_.fail("add, open or close, or an action with offset and length");
            }
            lines_.device(words[first_]);
            lines_.pass_over();
        } else if (action == "wait" && first_ == 0) {
            at_ += microseconds(first_ + 2);
            lines_.pass_over();
        } else {
            read_access(action);
        }
    }

private:
    Duration microseconds(std::size_t word) const {
        constexpr std::uint64_t most = 400ULL * 86400 * 1'000'000;
        return std::chrono::microseconds(lines_.whole(word, most, "a time in microseconds"));
    }

    void read_access(std::string_view action) {
        const auto op = access_of(action);
        if (!op) {
            lines_.fail("one of read, write, trim, sync, datasync, syncfs, sync_file_range, or "
                        "wait in version 2");
        }
        Record record;
        record.op = *op;
        record.at = at_;
        record.device = lines_.device(lines_.words()[first_]);
        const std::uint64_t offset = lines_.whole(first_ + 2, address_max, "an offset in bytes");
        const std::uint64_t size = lines_.whole(first_ + 3, address_max, "a length in bytes");
        if (*op != AccessOp::flush) {
            record.offset_bytes = offset;
            record.size_bytes = size;
            if (size == 0) {
                lines_.fail("a length above zero");
            }
        }
        lines_.add(record);
    }

    LineReader& lines_;
    std::size_t first_;
    Duration at_{0};
};

} // namespace

Trace parse_iolog(std::istream& in, const std::string& name) {
    LineReader lines(in, name);
    std::size_t first = 0;
    if (!lines.next()) {
        lines.fail("\"fio version 2 iolog\" or \"fio version 3 iolog\"");
    }
    if (lines.line() == "fio version 3 iolog") {
        first = 1;
    } else if (lines.line() != "fio version 2 iolog") {
        lines.fail("\"fio version 2 iolog\" or \"fio version 3 iolog\"");
    }
    IologReader reader(lines, first);
    while (lines.next()) {
        if (!lines.words().empty()) {
            reader.read_line();
        }
    }
    return lines.finish();
}

void write_iolog(std::ostream& out, std::span<const Record> records, const IologTarget& target) {
    const auto line = [&](Duration at, std::string_view rest) {
        if (target.version == 2) {
            out << fmt::format("{} {}\n", target.file_name, rest);
        } else {
            out << fmt::format(
                "{} {} {}\n", at / std::chrono::microseconds(1), target.file_name, rest);
        }
    };
    out << fmt::format("fio version {} iolog\n", target.version);
    line(Duration(0), "add");
    line(Duration(0), "open");
    for (const Record& record : records) {
        line(record.at,
             fmt::format("{} {} {}", name_of(record.op), record.offset_bytes, record.size_bytes));
        if (record.op == AccessOp::write && record.force_unit_access) {
            line(record.at, "datasync 0 0");
        }
    }
    line(records.empty() ? Duration(0) : records.back().at, "close");
}

} // namespace profiles::trace
