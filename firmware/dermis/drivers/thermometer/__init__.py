"""The temperature beside the imager."""


class Thermometer:
    def centi_celsius(self) -> int:
        """Temperature in 1/100 degree Celsius. Raises SensorFault."""
        raise NotImplementedError
