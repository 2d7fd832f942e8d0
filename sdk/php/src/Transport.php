<?php

declare(strict_types=1);

namespace MarketingHub;

/**
 * Sends calls, and repeats those that can succeed later: after `Retry-After`, else after 1, 2, 4, ... seconds with a
 * fifth more or less by chance. What writes is repeated without an answer only when it carries an Idempotency-Key.
 */
abstract class Transport
{
    private const LATER = [409, 429, 500, 502, 503, 504];

    public function __construct(
        private readonly string $baseUrl,
        private readonly string $token,
        private readonly int $attempts = 5,
        private readonly float $timeout = 30.0,
    ) {
    }

    /**
     * @param array<string, scalar> $query
     * @param array<string, string> $headers
     */
    protected function send(string $method, string $path, array $query, array $headers, mixed $body): Answer
    {
        $safe = $method === 'GET' || isset(array_change_key_case($headers)['idempotency-key']);
        for ($attempt = 1; ; $attempt++) {
            $answer = $this->once($method, $path, $query, $headers, $body);
            if ($answer !== null && $answer->status < 400) {
                return $answer;
            }
            if ($attempt >= $this->attempts || !($answer === null ? $safe : $this->mayRepeat($answer, $safe))) {
                throw $answer === null ? new \RuntimeException("No answer from {$this->baseUrl}") : new ApiError($answer);
            }
            $wait = $answer?->headers['retry-after'] ?? 2 ** ($attempt - 1) * random_int(80, 120) / 100;
            usleep((int) (1_000_000 * (float) $wait));
        }
    }

    private function mayRepeat(Answer $answer, bool $safe): bool
    {
        $later = \in_array($answer->status, self::LATER, true) && ($answer->data['retryable'] ?? true);

        return $later && ($safe || $answer->status === 429);
    }

    private function once(string $method, string $path, array $query, array $headers, mixed $body): ?Answer
    {
        $sent = ["Authorization: Bearer {$this->token}", 'Accept: application/json'];
        foreach ($headers as $name => $value) {
            $sent[] = "$name: $value";
        }
        $http = ['method' => $method, 'ignore_errors' => true, 'timeout' => $this->timeout, 'follow_location' => 0];
        if ($body !== null) {
            $sent[] = 'Content-Type: application/json';
            $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
        }
        $address = $this->baseUrl . $path . ($query === [] ? '' : '?' . http_build_query($query));
        $text = @file_get_contents($address, false, stream_context_create(['http' => $http + ['header' => $sent]]));

        return $text === false ? null : $this->read($http_response_header, $text);
    }

    /** @param list<string> $lines */
    private function read(array $lines, string $text): Answer
    {
        $headers = [];
        foreach (\array_slice($lines, 1) as $line) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[strtolower(trim($name))] = trim($value);
        }
        $isJson = str_contains($headers['content-type'] ?? '', 'json');
        $data = $isJson && $text !== '' ? json_decode($text, true, 512, JSON_THROW_ON_ERROR) : $text;

        return new Answer((int) explode(' ', $lines[0])[1], $headers, $data);
    }
}
