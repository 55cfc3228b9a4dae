// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_documents.h"

#include "drivers/fio/document_order.h"
#include "drivers/fio/fio_checks.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace drivers::fio {

namespace {

constexpr std::size_t text_max = 64U << 10U;
constexpr std::size_t documents_max = 100'000;

// Walks through JSON and knows what stands within quotes.
class Quotes {
public:
    // True: this character is neither a quote nor within quotes.
    bool is_outside(char letter) {
        if (escaped_) {
            escaped_ = false;
        } else if (inside_ && letter == '\\') {
            escaped_ = true;
        } else if (letter == '"') {
            inside_ = !inside_;
            return false;
        }
        return !inside_;
    }

private:
    bool inside_ = false;
    bool escaped_ = false;
};

bool is_letter(char letter) {
    return std::isalpha(static_cast<unsigned char>(letter)) != 0;
}

bool is_no_number(std::string_view word) {
    std::string low;
    for (const char letter : word) {
        low += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return low == "nan" || low == "inf" || low == "infinity";
}

// A document begins a line, or follows the one before at once.
std::size_t next_brace(std::string_view output, std::size_t from, std::size_t after) {
    for (; from < output.size(); ++from) {
        const std::string_view between = output.substr(after, from - after);
        if (output[from] == '{' &&
            (from == 0 || output[from - 1] == '\n' ||
             between.find_first_not_of(" \t\r\n,") == std::string_view::npos)) {
            return from;
        }
    }
    return std::string_view::npos;
}

// What is left of a document without its beginning.
void refuse_rest(std::string_view text, std::size_t documents) {
    for (const char* key : {"\"jobname\"", "\"fio version\""}) {
        if (text.find(key) != std::string_view::npos) {
            throw ResultError(
                fmt::format("fio's result: behind document {} stands {} outside of any: "
                            "the next document is cut",
                            documents,
                            key));
        }
    }
}

} // namespace

std::size_t document_end(std::string_view output, std::size_t from) {
    Quotes quotes;
    std::size_t depth = 0;
    for (std::size_t at = from; at < output.size(); ++at) {
        if (!quotes.is_outside(output[at])) {
            continue;
        }
        depth += output[at] == '{' ? 1U : 0U;
        if (output[at] == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return std::string_view::npos;
}

std::string without_nan(std::string_view document) {
    Quotes quotes;
    std::string out;
    out.reserve(document.size());
    for (std::size_t at = 0; at < document.size(); ++at) {
        if (!quotes.is_outside(document[at]) || !is_letter(document[at])) {
            out += document[at];
            continue;
        }
        std::size_t end = at;
        while (end < document.size() && is_letter(document[end])) {
            ++end;
        }
        const std::string_view word = document.substr(at, end - at);
        if (!is_no_number(word)) {
            out += word;
        } else {
            if (!out.empty() && (out.back() == '-' || out.back() == '+')) {
                out.pop_back();
            }
            out += "null";
        }
        at = end - 1;
    }
    return out;
}

std::vector<Result> parse_results(std::string_view output) {
    constexpr int tries = 8; // A warning may begin with a brace too.
    std::string complaint = "no JSON in it";
    std::vector<Result> found;
    std::size_t after = 0;
    int failed = 0;
    for (std::size_t from = next_brace(output, 0, 0);
         from != std::string_view::npos && failed < tries && found.size() < documents_max;
         from = next_brace(output, from, after)) {
        const std::size_t end = document_end(output, from);
        std::optional<Result> one;
        if (end == std::string_view::npos) {
            complaint =
                fmt::format("no JSON at byte {}: it is cut, for its brace never closes", from);
        } else {
            one = read_document(without_nan(output.substr(from, end - from)), complaint);
        }
        if (one) {
            refuse_rest(output.substr(after, found.empty() ? 0 : from - after), found.size());
            one->text_before = output.substr(0, std::min(from, text_max));
            found.push_back(std::move(*one));
            from = end;
            after = end;
        } else if (!found.empty()) {
            throw ResultError(fmt::format("fio's result: document {}, from byte {} on: {}",
                                          found.size() + 1,
                                          from,
                                          complaint));
        } else {
            ++failed;
            ++from;
        }
    }
    if (found.empty()) {
        throw ResultError("fio's result: " + complaint);
    }
    refuse_rest(output.substr(after), found.size());
    found = last_of_each_run(std::move(found));
    for (Result& result : found) {
        result = checked(std::move(result));
    }
    return found;
}

Result parse_result(std::string_view output) {
    std::vector<Result> found = parse_results(output);
    if (found.size() != 1) {
        throw ResultError(fmt::format("fio's result: {} runs in it; wanted one", found.size()));
    }
    return std::move(found.front());
}

} // namespace drivers::fio
