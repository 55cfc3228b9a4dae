// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/capacity_search.h"
#include "bench/judge/sustained.h"
#include "results/run_record.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench::judge {

// How many targets each array sustains, as the plan asks it.
struct CapacityQuestion {
    struct Array {
        std::string name;
        std::optional<double> price;
        std::string currency;
    };
    struct Variant {
        std::string name;
        std::string workload; // As its rounds name it.
        SustainedTerms terms;
    };
    std::vector<Array> arrays;
    std::vector<Variant> variants; // The first is the platform as it is.
    SearchSettings search;         // `start` apart: variants begin where the platform ended.
    double resolution = 0.1;
};

// Keeps all the searches of a plan: says which rounds to run next, hears what they showed, and at
// any time what is known. The same rounds in the same order always lead to the same book; that is
// how a run is resumed and verified.
class CapacityBook {
public:
    explicit CapacityBook(CapacityQuestion question);

    struct Trial {
        std::size_t variant = 0;
        std::size_t array = 0;
        std::uint32_t targets = 0;
        std::uint32_t repetition = 0; // Of this number of targets on this array.
    };
    // One for each array whose search of the present variant goes on; empty: all is found.
    std::vector<Trial> next() const;

    // Asks nothing of this array any more; what is known of it stays known.
    void leave_out(std::size_t array);

    // Rounds of other workloads are passed over.
    RoundVote tell(const results::RoundRecord& round);

    std::vector<results::CapacityRecord> records() const;

private:
    struct Book {
        CapacitySearch search;
        std::map<std::uint32_t, std::string> reasons; // By targets, of the last failed round.
        std::map<std::uint32_t, std::string> limiting;
        std::vector<results::RoundRecord> rounds; // At the number of targets being tried.
    };
    Book& book(std::size_t variant, std::size_t array) {
        return books_[variant * question_.arrays.size() + array];
    }
    const Book& book(std::size_t variant, std::size_t array) const {
        return books_[variant * question_.arrays.size() + array];
    }
    void open_variants();
    void pass_on();
    results::CapacityRecord record_of(std::size_t variant, std::size_t array) const;
    bool is_done(std::size_t variant) const;

    CapacityQuestion question_;
    std::vector<bool> left_out_; // By array.
    std::vector<Book> books_;    // Of the variants begun, array by array.
};

} // namespace bench::judge
