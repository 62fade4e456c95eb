import Testing

@testable import WeftFabric

@Suite struct IndexBookTests {
    @Test func aNameKeepsItsNumberAndAFreeOneIsNotGivenToTheNextComer() {
        var book = IndexBook<String>()
        #expect(book.update(to: ["b", "a"]) == ["a": 0, "b": 1])
        #expect(book.update(to: ["b", "c"]) == ["b": 1, "c": 2])
        #expect(book.update(to: ["b", "d"]) == ["b": 1, "d": 3])
        #expect(book["a"] == nil && book["b"] == 1)
    }

    @Test func numbersGoRoundAndNeverMeanTwoNames() {
        var book = IndexBook<Int>()
        var before: [Int: UInt16] = [:]
        for round in 0..<3000 {
            let numbers = book.update(to: [round, round + 1, round + 2])
            #expect(Set(numbers.values).count == 3)
            #expect(numbers.values.allSatisfy { $0 < 4096 })
            let freed = Set(before.filter { numbers[$0.key] == nil }.values)
            #expect(freed.isDisjoint(with: numbers.values))
            before = numbers
        }
        #expect(book.update(to: Array(0..<5000)).count == 5000)
    }
}
