/*
 * template_heavy.cpp: what bench/main_job gives to the C++ compiler.
 *
 * Compiled, never run: much of the standard library, and templates that make the front end
 * allocate many types: a compile-time list, variants over it, maps and functions of them.
 */
#include <algorithm>
#include <any>
#include <array>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

template <std::size_t N> struct tagged {
    std::array<int, N + 1> values;
    std::string name;
    friend bool operator<(const tagged &a, const tagged &b)
    {
        return std::tie(a.name, a.values) < std::tie(b.name, b.values);
    }
};

template <std::size_t N> std::size_t exercise_tagged()
{
    std::map<tagged<N>, std::vector<std::string>> by_tag;
    std::unordered_map<std::string, std::shared_ptr<tagged<N>>> by_name;
    std::vector<tagged<N>> all(N + 1);

    std::sort(all.begin(), all.end());
    for (auto &t : all) {
        by_tag[t].push_back(t.name);
        by_name.emplace(t.name, std::make_shared<tagged<N>>(t));
    }
    std::function<std::size_t(std::size_t)> fold = [&](std::size_t seed) {
        return std::accumulate(all.begin(), all.end(), seed,
                               [](std::size_t s, const tagged<N> &t) { return s + t.name.size(); });
    };
    return fold(by_tag.size() + by_name.size());
}

template <std::size_t... N> std::size_t exercise_all(std::index_sequence<N...>)
{
    using all_of_them = std::variant<tagged<N>...>;
    std::vector<all_of_them> mixed{all_of_them{tagged<N>{}}...};
    std::size_t sum = (exercise_tagged<N>() + ...);

    for (auto &one : mixed)
        std::visit([&](auto &t) { sum += t.values.size(); }, one);
    return sum;
}

std::size_t match_text(const std::string &text)
{
    static const std::regex pattern("([a-z]+)-([0-9]+)");
    std::smatch match;

    return std::regex_search(text, match, pattern) ? match.size() : 0;
}

int main()
{
    std::cout << exercise_all(std::make_index_sequence<8>()) + match_text("abc-123") << '\n';
}
