<?php

declare(strict_types=1);

namespace MarketingHub;

/** What came back: status, headers by lower-case name, and the decoded body. */
final class Answer
{
    /** @param array<string, string> $headers */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly mixed $data,
    ) {
    }
}
